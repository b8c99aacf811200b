import { randomBytes } from "node:crypto";
import { closeCodes } from "../protocol/close-codes";
import type { AppConfig } from "./config";
import { messageBody } from "./connection/message-body";
import { Membership } from "./connection/membership";
import type { PublisherBackend, RoomMessage } from "./grpc/backend";
import type { Metrics } from "./metrics";
import type { LiveRoom } from "./rooms/live-room";
import type { Rooms } from "./rooms/rooms";
import { roomKeys, userKeys, type RoomKeys } from "./store/keys";
import { UnavailableError } from "./store/operation";
import type { RoomStore } from "./store/room-store";

/** What backends may do, in the same rooms as the sockets. */
export function createPublisherBackend(
  config: Pick<AppConfig, "SERVICE_NAME">,
  store: RoomStore,
  rooms: Rooms,
  metrics: Pick<Metrics, "published">,
): PublisherBackend {
  const publish = async (keys: RoomKeys, { from, data, id }: Pick<RoomMessage, "from" | "data" | "id">) => {
    // Prefixes keep the names of backends apart from those of clients, which are plain digests. A message without an id gets a
    // publisher of its own, because it has no duplicates.
    const publisher = id ? `grpc-${id.publisher}` : `once-${randomBytes(16).toString("base64url")}`;
    try {
      const { epoch, offset, duplicate } = await store.publish(
        keys,
        publisher,
        id?.number ?? 1,
        messageBody(from, data),
      );
      metrics.published(duplicate ? "duplicate" : "stored");
      return { epoch, offset };
    } catch (error) {
      metrics.published(error instanceof UnavailableError ? "unavailable" : "refused");
      throw error;
    }
  };
  return {
    publishToRoom: (message) => publish(roomKeys(config.SERVICE_NAME, message.room), message),
    publishToUser: (message) => publish(userKeys(message.user), message),
    presence: (room) => store.present(roomKeys(config.SERVICE_NAME, room)),
    closeUser: async (user, reason) => {
      await rooms.control(userKeys(user).stream, JSON.stringify({ close: reason }));
    },
  };
}

/** The receiving side of `closeUser`, on each pod where the user has sockets. Throws if the text is something else. */
export function closeUserOnControl(room: LiveRoom, text: string): void {
  const control = JSON.parse(text) as { close?: unknown } | null;
  if (typeof control?.close !== "string") throw new Error("no control message of a room");
  const { close } = control;
  for (const member of [...room.members]) {
    if (member instanceof Membership) member.connection.close(closeCodes.normal, close);
  }
}
