import { Channel } from "../../client/channel";
import type { RoomRequest } from "../../protocol/frames";
import { retrySettings } from "../upstream-reconnect";
import type { PodSocket } from "./pod-socket";
import { ProxiedRooms, type ProxiedRoom } from "./proxied-rooms";

/**
 * The joins of one client's rooms on its upstream sockets: each room has a channel on each socket. During a move there are two
 * sockets.
 */
export class RoomChannels {
  readonly rooms = new ProxiedRooms();
  /** Each join that is sent to a pod gets the next id. */
  #lastRequestId = 0;

  /** Opens a channel for each room on a new socket. Returns the joins for its hello. */
  open(socket: PodSocket): RoomRequest[] {
    return [...this.rooms].map(([name, room]) => this.#request(name, room, this.#openChannel(socket, name)));
  }

  /** Joins a room on these sockets, or joins it again from another position. */
  join(request: RoomRequest, sockets: readonly PodSocket[]): void {
    const room = this.rooms.add(request);
    for (const socket of sockets) {
      socket.channels.get(request.room)?.stop();
      socket.send({
        type: "join",
        ...this.#request(request.room, room, this.#openChannel(socket, request.room)),
      });
    }
  }

  /** Joins a room again on one socket, from the current position, unless a join has no answer yet. */
  joinAgain(socket: PodSocket, channel: Channel, name: string, room: ProxiedRoom): void {
    if (channel.requestId !== undefined) return;
    channel.requestId = ++this.#lastRequestId;
    channel.request(() => socket.send({ type: "join", ...this.#request(name, room, channel) }));
  }

  /** Leaves a room on these sockets. */
  leave(room: string, sockets: readonly PodSocket[]): void {
    this.drop(room, sockets);
    for (const socket of sockets) socket.send({ type: "leave", room });
  }

  /** Removes a room that the pods no longer have. */
  drop(room: string, sockets: readonly PodSocket[]): void {
    this.rooms.delete(room);
    for (const { channels } of sockets) {
      channels.get(room)?.stop();
      channels.delete(room);
    }
  }

  /** Whether every room of the socket has its sync. */
  isComplete({ channels }: PodSocket): boolean {
    return [...channels.values()].every(({ epoch }) => epoch !== undefined);
  }

  /** The socket is closed, or another one replaces it. */
  stop({ channels }: PodSocket): void {
    for (const channel of channels.values()) channel.stop();
    channels.clear();
  }

  /** Creates a channel for a room that the proxy is about to join on this socket. */
  #openChannel(socket: PodSocket, name: string): Channel {
    const channel = new Channel(retrySettings);
    channel.requestId = ++this.#lastRequestId;
    socket.channels.set(name, channel);
    return channel;
  }

  /** The join for the pod. It has a request id of the proxy, because the client may have used the same id on several sockets. */
  #request(name: string, { sequence: { position }, history }: ProxiedRoom, channel: Channel): RoomRequest {
    channel.asked = position;
    return {
      room: name,
      ...(channel.requestId !== undefined && { requestId: channel.requestId }),
      ...(position && { position }),
      ...(history !== undefined && { history }),
    };
  }
}
