import type { Channel } from "../../client/channel";
import { Retry } from "../../client/retry";
import { closeCodes } from "../../protocol/close-codes";
import {
  INBOX,
  type AckFrame,
  type ErrorFrame,
  type GoawayFrame,
  type HelloFrame,
  type MessageFrame,
  type RoomRequest,
  type ServerFrame,
  type SyncFrame,
} from "../../protocol/frames";
import { splitHello } from "../../protocol/hello";
import { abnormal, policyViolation } from "../close-codes";
import type { RefusedError, Upstream } from "../dialer";
import { ProxiedConnection, type Admitted, type ProxyContext } from "../proxied-connection";
import { UpstreamReconnect, retrySettings } from "../upstream-reconnect";
import { leftCode, PodSocket, type PodSocketHandlers } from "./pod-socket";
import type { ProxiedRoom } from "./proxied-rooms";
import { RoomChannels } from "./room-channels";

/**
 * A proxied connection whose service speaks `holdfast.v1.json`: the session and its room positions outlive each upstream socket.
 * A pod that asks the proxy to move keeps serving until the next pod delivers every room. There is a subclass for each of the two
 * languages that clients speak.
 */
export abstract class ProxiedSession extends ProxiedConnection {
  readonly #channels = new RoomChannels();
  readonly #rooms = this.#channels.rooms;
  readonly #upstream: UpstreamReconnect;
  readonly #move = new Retry(retrySettings);
  readonly #handlers: PodSocketHandlers = {
    frame: (socket, frame, text) => this.#receive(socket, frame, text),
    closed: (socket, code, reason) => this.#lost(socket, code, reason),
    drained: () => this.updateFlow(),
  };
  #hello: Pick<HelloFrame, "client" | "token"> | undefined;
  #session: HelloFrame["session"];
  /**
   * The largest frame that pods accept: the value in the last welcome; before the first welcome, the proxy's own limit. Bytes.
   */
  #maxPayloadBytes = this.context.config.MAX_PAYLOAD_BYTES;
  /** The socket that serves, or is about to serve. */
  #current: PodSocket | undefined;
  /** During a move: the socket that will take over. Both deliver. */
  #next: PodSocket | undefined;
  #movingSince: number | undefined;
  /** An upstream was lost while the client read too slowly: the service is dialled again once the client has caught up. */
  #parked: { readonly code: number; readonly lastedMs: number } | undefined;
  /**
   * A socket was lost between hello and welcome. A stalled pod may read that hello late and take the session over from a later
   * socket.
   */
  #orphanedHello = false;
  #over = false;

  constructor(context: ProxyContext, admitted: Admitted) {
    super(context, admitted);
    this.#upstream = new UpstreamReconnect(context, admitted.request, {
      opened: (upstream) => this.#onOpened(upstream),
      refused: (error) => this.#refused(error),
      gaveUp: (why) => this.abandon(why),
    });
    this.#current = new PodSocket(admitted.first, this.#handlers);
    this.#current.socket.read(true);
  }

  // ---- for the subclasses ----

  /** Passes on a frame that is for the client itself: a welcome, or a type that this version does not know. */
  protected abstract sendToClient(frame: ServerFrame | undefined, text: string): void;
  protected abstract sendSync(frame: SyncFrame): void;
  protected abstract sendMessage(frame: MessageFrame, text: string): void;
  protected abstract sendAck(frame: AckFrame, text: string): void;
  /** A publish was refused. */
  protected abstract sendPublishError(frame: ErrorFrame & { id: number }, text: string): void;
  /** A join was refused permanently; the client is no longer in the room. */
  protected abstract sendJoinError(frame: ErrorFrame, text: string): void;
  /** Publishes of the room now go to this socket, first those without an answer. */
  protected abstract attach(room: string, socket: PodSocket): void;
  /** No socket accepts publishes now. */
  protected abstract detach(): void;
  /** Whether the proxy must pause reading from the client. */
  protected abstract mustWait(): boolean;

  /**
   * The client has sent its hello: the proxy sends a pod a hello with the client's session, and with its rooms and their
   * positions.
   */
  protected onHello(hello: HelloFrame): void {
    this.#hello = { client: hello.client, ...(hello.token !== undefined && { token: hello.token }) };
    this.#session = hello.session;
    for (const request of hello.rooms) this.#rooms.add(request);
    if (this.#current) this.#sendHello(this.#current);
    else this.#upstream.lost(closeCodes.goingAway, 0);
  }

  protected get helloReceived(): boolean {
    return this.#hello !== undefined;
  }

  /** The client joins a room, or joins it again from another position. */
  protected joinRoom(request: RoomRequest): void {
    this.#channels.join(request, this.#socketsWithHello());
  }

  protected leaveRoom(room: string): void {
    this.#channels.leave(room, this.#socketsWithHello());
  }

  /** The memory that rooms take whose join has no answer yet. Bytes. */
  protected get pendingJoinBytes(): number {
    return this.#rooms.pendingJoinBytes;
  }

  /** Whether the client is in a room, or has sent a join for it. */
  protected hasRoom(room: string): boolean {
    return this.#rooms.has(room);
  }

  /** The socket for publishes to a room; undefined while they must wait. */
  protected sink(room: string): PodSocket | undefined {
    const socket = this.#current;
    return socket?.welcome && socket.channels.get(room)?.epoch !== undefined ? socket : undefined;
  }

  /** Sends to the pod that serves. Returns false if there is none. */
  protected sendToPod(text: string): boolean {
    const serving = this.#current?.welcome ? this.#current : undefined;
    serving?.sendText(text);
    return serving !== undefined;
  }

  /** Ends all upstreams: the client is gone, and no data of it waits. */
  protected end(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#upstream.stop();
    this.#move.clear();
    for (const socket of [this.#current, this.#next]) {
      if (!socket) continue;
      this.#channels.stop(socket);
      socket.leave(code);
    }
    this.done();
  }

  /** Called after every frame of the client. */
  protected updateFlowIfFull(): void {
    const { client } = this;
    if (client.ws.isPaused || client.full || this.mustWait() || this.#current?.socket.full === true)
      this.updateFlow();
  }

  /** Reads each side only as fast as the other one takes the data. */
  protected updateFlow(): void {
    const takes = !this.client.full;
    this.#current?.socket.read(takes);
    this.#next?.socket.read(takes);
    // A client that does not read the answers must not send more requests.
    this.client.read(takes && !this.mustWait() && this.#current?.socket.full !== true);
  }

  protected override onClientDrained(): void {
    const parked = this.#parked;
    this.#parked = undefined;
    if (parked) this.#upstream.lost(parked.code, parked.lastedMs);
    this.updateFlow();
  }

  // ---- one pod after the other ----

  #onOpened(upstream: Upstream): void {
    const socket = new PodSocket(upstream, this.#handlers);
    this.#current = socket;
    this.#sendHello(socket);
    this.updateFlow();
  }

  #sendHello(socket: PodSocket): void {
    if (!this.#hello) return;
    if (!this.#rooms.has(INBOX)) this.#rooms.add({ room: INBOX }); // the pod joins the inbox in any case
    const hello: HelloFrame = {
      type: "hello",
      ...this.#hello,
      ...(this.#session && { session: this.#session }),
      rooms: this.#channels.open(socket),
    };
    socket.sendHello(
      // It may be longer than the client's own hello: it holds the rooms joined since then, their positions, and the proxy's
      // request ids.
      splitHello(hello, this.#maxPayloadBytes),
      this.context.config.HANDSHAKE_TIMEOUT_SECONDS * 1_000,
    );
  }

  #receive(socket: PodSocket, frame: ServerFrame | undefined, text: string): void {
    switch (frame?.type) {
      case "welcome":
        this.#session = { id: frame.session.id, token: frame.session.token };
        this.#maxPayloadBytes = frame.maxPayloadBytes;
        this.sendToClient(frame, text); // the client needs the next token too: it may have to resume by itself
        if (socket === this.#current) this.#serve(socket);
        break;
      case "goaway":
        if (socket === this.#current) this.#onGoaway(socket, frame);
        break;
      case "sync":
      case "message":
      case "ack":
      case "error":
        this.#receiveOfRoom(socket, frame, text);
        break;
      default:
        if (socket === this.#current) this.sendToClient(frame, text);
    }
    const next = this.#next;
    if (next?.welcome && this.#channels.isComplete(next)) this.#takeOver(next);
    if (this.client.full) this.updateFlow();
  }

  #serve(socket: PodSocket): void {
    this.#upstream.served();
    for (const room of this.#rooms.keys()) this.#attach(room, socket);
    this.updateFlow();
  }

  #lost(socket: PodSocket, code: number, reason: string): void {
    this.#channels.stop(socket);
    if (socket.helloSent && !socket.welcome && code !== closeCodes.tryAgainLater) this.#orphanedHello = true;
    if (socket === this.#next) {
      this.#next = undefined;
      this.#move.again(() => void this.#openNext());
      return;
    }
    if (socket !== this.#current) return;
    this.#current = undefined;
    this.detach();
    // The takeover came from another socket of this connection, not from another client with the same token.
    const ours = code === closeCodes.takenOver && (this.#orphanedHello || this.#next !== undefined);
    if (!ours && (code === closeCodes.takenOver || this.context.isFinal(code))) {
      this.close(code, reason);
    } else if (this.#next) {
      this.#takeOver(this.#next);
    } else {
      if ([closeCodes.serviceRestart, closeCodes.goingAway].includes(code as 1001)) this.#leaving(socket);
      if (code === abnormal) this.context.dialer.endpoints.failed(socket.address);
      this.#reconnect(code, performance.now() - socket.welcomedAt);
    }
  }

  #reconnect(code: number, lastedMs: number): void {
    this.#move.clear();
    this.#movingSince = undefined;
    if (!this.helloReceived) return; // dialled once the client has sent its hello
    // A pod that closed the connection because the client reads too slowly would do it again.
    if (code === closeCodes.slowConsumer && this.client.full) this.#parked = { code, lastedMs };
    else this.#upstream.lost(code, lastedMs);
    this.updateFlow();
  }

  #refused({ status }: RefusedError): void {
    const code = status === 401 ? closeCodes.unauthorized : policyViolation;
    this.close(code, `the service answered ${status}`);
  }

  // ---- the move: the next pod before the old one goes ----

  /** This pod has asked the proxy to move: dials the next pod. */
  #onGoaway(socket: PodSocket, { reason, delayMs }: GoawayFrame): void {
    if (reason === "rebalance") this.context.dialer.endpoints.overloaded(socket.address);
    else this.#leaving(socket);
    if (this.#movingSince !== undefined) return;
    this.#movingSince = performance.now();
    this.#move.move(this.#movingSince - socket.welcomedAt, delayMs, () => void this.#openNext());
  }

  async #openNext(): Promise<void> {
    try {
      const upstream = await this.#upstream.dialBeside();
      if (this.#over || !this.#current || this.#movingSince === undefined) {
        upstream.ws.terminate();
        return;
      }
      this.#next = new PodSocket(upstream, this.#handlers);
      this.#sendHello(this.#next);
      this.updateFlow();
    } catch (error) {
      // While the old pod serves, a failed move is repeated, whatever the pod answered.
      this.context.log.debug({ err: (error as Error).message }, "move");
      if (!this.#over && this.#movingSince !== undefined) this.#move.again(() => void this.#openNext());
    }
  }

  #takeOver(next: PodSocket): void {
    const old = this.#current;
    this.#next = undefined;
    this.#current = next;
    if (old) {
      this.#channels.stop(old);
      old.leave(leftCode);
    }
    this.detach();
    if (this.#movingSince !== undefined)
      this.context.metrics.switched("goaway", performance.now() - this.#movingSince);
    this.#movingSince = undefined;
    if (next.welcome) this.#serve(next);
  }

  #leaving({ address }: PodSocket): void {
    this.context.dialer.endpoints.leaving(address);
  }

  // ---- rooms ----

  #socketsWithHello(): PodSocket[] {
    return [this.#current, this.#next].filter((socket) => socket?.helloSent === true) as PodSocket[];
  }

  #receiveOfRoom(
    socket: PodSocket,
    frame: SyncFrame | MessageFrame | AckFrame | ErrorFrame,
    text: string,
  ): void {
    if (frame.room === undefined) {
      this.sendToClient(frame, text); // it concerns the whole socket: the close that follows says more
      return;
    }
    const room = this.#rooms.get(frame.room);
    const channel = socket.channels.get(frame.room);
    if (!room || !channel) return; // the client left the room meanwhile
    switch (frame.type) {
      case "sync":
        this.#synced(socket, channel, room, frame);
        break;
      case "message":
        this.#message(socket, channel, room, frame, text);
        break;
      case "ack":
        this.sendAck(frame, text);
        break;
      case "error":
        this.#roomError(socket, channel, room, frame, text);
        break;
    }
  }

  #synced(socket: PodSocket, channel: Channel, room: ProxiedRoom, frame: SyncFrame): void {
    if (channel.isStale(frame)) {
      channel.epoch = undefined;
      return;
    }
    const before = room.sequence.position;
    const synced = room.sequence.sync(frame, channel.since(before));
    channel.requestId = undefined;
    channel.epoch = synced === "ask" ? undefined : frame.epoch;
    if (synced === "ask") {
      this.#channels.joinAgain(socket, channel, frame.room, room);
      return;
    }
    // A sync that only confirms that the next pod continues where the last one stopped is not passed on to the client.
    if (room.asked || synced !== "kept" || before?.epoch !== frame.epoch) {
      const { type, room: name, epoch, offset, recovered } = frame;
      const requestId = room.asked && room.requestId !== undefined ? { requestId: room.requestId } : {};
      this.sendSync({ type, room: name, epoch, offset, recovered, ...requestId });
    }
    const waited = this.mustWait();
    this.#rooms.joinAnswered(frame.room);
    this.#attach(frame.room, socket);
    if (waited && !this.mustWait()) this.updateFlow();
  }

  #message(socket: PodSocket, channel: Channel, room: ProxiedRoom, frame: MessageFrame, text: string): void {
    if (channel.epoch === undefined) return;
    const { messages, gap } = room.sequence.accept(channel.epoch, frame);
    if (gap) this.#channels.joinAgain(socket, channel, frame.room, room);
    if (messages.length > 0) channel.progress();
    for (const message of messages)
      this.sendMessage(message, message === frame ? text : JSON.stringify(message));
  }

  #roomError(socket: PodSocket, channel: Channel, room: ProxiedRoom, frame: ErrorFrame, text: string): void {
    const name = frame.room ?? "";
    if (frame.id !== undefined) {
      this.sendPublishError({ ...frame, id: frame.id }, text);
      if (frame.code === "not_joined") this.#channels.joinAgain(socket, channel, name, room);
    } else if (frame.retryable) {
      channel.requestId = undefined;
      this.#channels.joinAgain(socket, channel, name, room);
    } else {
      const waited = this.mustWait();
      this.#channels.drop(name, this.#socketsWithHello());
      this.sendJoinError(frame, text);
      if (waited && !this.mustWait()) this.updateFlow();
    }
  }

  #attach(room: string, socket: PodSocket): void {
    if (this.sink(room) === socket) this.attach(room, socket);
  }
}
