import type { handleUnaryCall } from "@grpc/grpc-js";
import type { PresentUser, PublisherBackend, StoredAt } from "./backend";
import {
  checkReason,
  checkRoom,
  checkRoomMessage,
  checkUser,
  checkUserMessage,
  type CloseUserRequest,
  type PresenceRequest,
  type PublishToRoomRequest,
  type PublishToUserRequest,
} from "./requests";
import type { UnaryCalls } from "./unary";

/** The most users in one answer. With names of the greatest length, the answer stays below the 4 MiB that clients accept. */
export const MAX_PRESENT_USERS = 5_000;

interface PresenceResponse {
  readonly users: readonly PresentUser[];
  readonly totalUsers: number;
}

/** The handlers of `holdfast.v1.Publisher`. A type and not an interface, because grpc-js requires an index signature. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type PublisherHandlers = {
  readonly PublishToRoom: handleUnaryCall<PublishToRoomRequest, StoredAt>;
  readonly PublishToUser: handleUnaryCall<PublishToUserRequest, StoredAt>;
  readonly Presence: handleUnaryCall<PresenceRequest, PresenceResponse>;
  readonly CloseUser: handleUnaryCall<CloseUserRequest, Record<string, never>>;
};

/** `holdfast.v1.Publisher`: checks requests and passes them to the backend. */
export function createPublisher(
  calls: UnaryCalls,
  backend: PublisherBackend,
  maxPayloadBytes: number,
): PublisherHandlers {
  return {
    PublishToRoom: calls.handler(async (request, signal) =>
      backend.publishToRoom(checkRoomMessage(request, maxPayloadBytes), signal),
    ),
    PublishToUser: calls.handler(async (request, signal) =>
      backend.publishToUser(checkUserMessage(request, maxPayloadBytes), signal),
    ),
    Presence: calls.handler(async (request, signal) => {
      const users = await backend.presence(checkRoom(request.room), signal);
      const sorted = users.toSorted((a, b) => (a.user < b.user ? -1 : 1));
      return { users: sorted.slice(0, MAX_PRESENT_USERS), totalUsers: users.length };
    }),
    CloseUser: calls.handler(async (request, signal) => {
      await backend.closeUser(checkUser("user", request.user), checkReason(request.reason), signal);
      return {};
    }),
  };
}
