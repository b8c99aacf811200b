import { Channel } from "../../client/channel";
import { Retry } from "../../client/retry";
import { Sequence } from "../../client/sequence";
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
import { leftForGood, PodSocket, type PodSocketHandlers } from "./pod-socket";

/** Messages behind a gap that are held back: a short cut only, the pod sends them again. */
const maxHeld = 64;

/** A room with its channels, measured at about 900 on Node.js 20. Bytes. */
function costOfRoom(room: string): number {
  return 1_024 + room.length;
}

/** A room that the client is in. */
interface ProxiedRoom {
  /** What the client was given, so what it may be given next. */
  readonly sequence: Sequence;
  /** Messages of history that its first join wants. */
  readonly history: number | undefined;
  /** The client has asked, and waits for a sync. */
  asked: boolean;
  /** How it named its request, for the sync that answers it. */
  readonly requestId: number | undefined;
}

/**
 * A proxied connection whose service speaks `holdfast.v1.json`: the session and the places in rooms outlive each upstream
 * socket. A pod that asks to be left serves on until the next one delivers every room. The subclasses are the two
 * languages that clients speak.
 */
export abstract class ProxiedSession extends ProxiedConnection {
  readonly #rooms = new Map<string, ProxiedRoom>();
  readonly #upstream: UpstreamReconnect;
  readonly #move = new Retry(retrySettings);
  readonly #handlers: PodSocketHandlers = {
    frame: (socket, frame, text) => this.#receive(socket, frame, text),
    closed: (socket, code, reason) => this.#lost(socket, code, reason),
    drained: () => this.flow(),
  };
  #hello: Pick<HelloFrame, "client" | "token"> | undefined;
  #session: HelloFrame["session"];
  /** The largest frame that pods take: as the last welcome said, before it what the proxy takes itself. Bytes. */
  #maxPayloadBytes = this.context.config.MAX_PAYLOAD_BYTES;
  /** The socket that serves, or is to. */
  #current: PodSocket | undefined;
  /** During a move: the socket that will take over. Both deliver. */
  #next: PodSocket | undefined;
  #movingSince: number | undefined;
  /** An upstream was lost while the client read too slowly: it is dialled when the client has caught up. */
  #parked: { readonly code: number; readonly lastedMs: number } | undefined;
  /** A socket was lost between hello and welcome: a stalled pod may read that hello late, and take over from a later socket. */
  #orphanedHello = false;
  /** Rooms that were asked for and have no answer: what they cost. */
  protected askedBytes = 0;
  /** Joins that pods were asked for: each has its number. */
  #asks = 0;
  #over = false;

  constructor(context: ProxyContext, admitted: Admitted) {
    super(context, admitted);
    this.#upstream = new UpstreamReconnect(context, admitted.request, {
      opened: (upstream) => this.#opened(upstream),
      refused: (error) => this.#refused(error),
      gaveUp: (why) => this.abandon(why),
    });
    this.#current = new PodSocket(admitted.first, this.#handlers);
    this.#current.socket.read(true);
  }

  // ---- for the languages ----

  /** A frame for the client that speaks for itself: a welcome, or a type that this version does not know. */
  protected abstract tell(frame: ServerFrame | undefined, text: string): void;
  protected abstract tellSync(frame: SyncFrame): void;
  protected abstract tellMessage(frame: MessageFrame, text: string): void;
  protected abstract tellAck(frame: AckFrame, text: string): void;
  /** A publish was refused. */
  protected abstract tellPublishError(frame: ErrorFrame & { id: number }, text: string): void;
  /** A join was refused for good; the room is left. */
  protected abstract tellJoinError(frame: ErrorFrame, text: string): void;
  /** The room's publishes go out here, those without an answer first. */
  protected abstract attach(room: string, socket: PodSocket): void;
  /** No socket takes publishes now. */
  protected abstract detach(): void;
  /** Whether the client's socket is not to be read now. */
  protected abstract mustWait(): boolean;

  /** The client has introduced itself: the pod is greeted with its session, and with its rooms from where they stand. */
  protected introduce(hello: HelloFrame): void {
    this.#hello = { client: hello.client, ...(hello.token !== undefined && { token: hello.token }) };
    this.#session = hello.session;
    for (const request of hello.rooms) this.#open(request);
    if (this.#current) this.#greet(this.#current);
    else this.#upstream.lost(closeCodes.goingAway, 0);
  }

  protected get introduced(): boolean {
    return this.#hello !== undefined;
  }

  /** The client joins a room, or asks for it again from another position. */
  protected ask(request: RoomRequest): void {
    const room = this.#open(request);
    for (const socket of this.#greeted()) {
      socket.channels.get(request.room)?.stop();
      socket.send({ type: "join", ...this.#request(request.room, room, this.#expect(socket, request.room)) });
    }
  }

  protected leaveRoom(room: string): void {
    this.#drop(room);
    for (const socket of this.#greeted()) socket.send({ type: "leave", room });
  }

  /** Whether the client is in a room, or has asked to be. */
  protected isIn(room: string): boolean {
    return this.#rooms.has(room);
  }

  /** Where publishes to a room go now; undefined where they wait. */
  protected sink(room: string): PodSocket | undefined {
    const socket = this.#current;
    return socket?.welcome && socket.channels.get(room)?.epoch !== undefined ? socket : undefined;
  }

  /** To the pod that serves; false where there is none. */
  protected sendToPod(text: string): boolean {
    const serving = this.#current?.welcome ? this.#current : undefined;
    serving?.sendText(text);
    return serving !== undefined;
  }

  /** Ends all upstreams: the client is gone, and nothing of it waits. */
  protected end(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#upstream.stop();
    this.#move.clear();
    for (const socket of [this.#current, this.#next]) {
      if (!socket) continue;
      this.#unsubscribe(socket);
      socket.leave(code);
    }
    this.done();
  }

  /** Called behind everything that the client has said. */
  protected flowIfFull(): void {
    const { client } = this;
    if (client.ws.isPaused || client.full || this.mustWait() || this.#current?.socket.full === true)
      this.flow();
  }

  /** Each side is read as far as the other one takes what comes. */
  protected flow(): void {
    const takes = !this.client.full;
    this.#current?.socket.read(takes);
    this.#next?.socket.read(takes);
    // Whoever does not read the answers may not go on asking.
    this.client.read(takes && !this.mustWait() && this.#current?.socket.full !== true);
  }

  protected override onClientDrained(): void {
    const parked = this.#parked;
    this.#parked = undefined;
    if (parked) this.#upstream.lost(parked.code, parked.lastedMs);
    this.flow();
  }

  // ---- one pod after the other ----

  #opened(upstream: Upstream): void {
    const socket = new PodSocket(upstream, this.#handlers);
    this.#current = socket;
    this.#greet(socket);
    this.flow();
  }

  #greet(socket: PodSocket): void {
    if (!this.#hello) return;
    if (!this.#rooms.has(INBOX)) this.#open({ room: INBOX }); // the pod joins it in any case
    const hello: HelloFrame = {
      type: "hello",
      ...this.#hello,
      ...(this.#session && { session: this.#session }),
      rooms: [...this.#rooms].map(([name, room]) => this.#request(name, room, this.#expect(socket, name))),
    };
    socket.greet(
      // Longer than what the client sent: the rooms it joined since, their positions, the proxy's own names.
      splitHello(hello, this.#maxPayloadBytes),
      this.context.config.HANDSHAKE_TIMEOUT_SECONDS * 1_000,
    );
  }

  #receive(socket: PodSocket, frame: ServerFrame | undefined, text: string): void {
    switch (frame?.type) {
      case "welcome":
        this.#session = { id: frame.session.id, token: frame.session.token };
        this.#maxPayloadBytes = frame.maxPayloadBytes;
        this.tell(frame, text); // the next token is the client's too: it may have to resume by itself
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
        if (socket === this.#current) this.tell(frame, text);
    }
    const next = this.#next;
    if (next?.welcome && this.#isComplete(next)) this.#takeOver(next);
    if (this.client.full) this.flow();
  }

  #serve(socket: PodSocket): void {
    this.#upstream.served();
    for (const room of this.#rooms.keys()) this.#attach(room, socket);
    this.flow();
  }

  #lost(socket: PodSocket, code: number, reason: string): void {
    this.#unsubscribe(socket);
    if (socket.greeted && !socket.welcome && code !== closeCodes.tryAgainLater) this.#orphanedHello = true;
    if (socket === this.#next) {
      this.#next = undefined;
      this.#move.again(() => void this.#openNext());
      return;
    }
    if (socket !== this.#current) return;
    this.#current = undefined;
    this.detach();
    // By the next socket of this very session, not by another proxy of its token.
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
    if (!this.introduced) return; // dialled when there is something to say
    // A pod that gave up a slow client would give it up again.
    if (code === closeCodes.slowConsumer && this.client.full) this.#parked = { code, lastedMs };
    else this.#upstream.lost(code, lastedMs);
    this.flow();
  }

  #refused({ status }: RefusedError): void {
    const code = status === 401 ? closeCodes.unauthorized : policyViolation;
    this.close(code, `the service answered ${status}`);
  }

  // ---- the move: the next pod before the old one goes ----

  /** The next pod is dialled when this one has asked for it. */
  #onGoaway(socket: PodSocket, { reason, delayMs }: GoawayFrame): void {
    if (reason === "rebalance") this.context.dialer.endpoints.crowded(socket.address);
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
      this.#greet(this.#next);
      this.flow();
    } catch (error) {
      // While the old pod serves, a failed move is only tried again, whatever the answer was.
      this.context.log.debug({ err: (error as Error).message }, "move");
      if (!this.#over && this.#movingSince !== undefined) this.#move.again(() => void this.#openNext());
    }
  }

  #takeOver(next: PodSocket): void {
    const old = this.#current;
    this.#next = undefined;
    this.#current = next;
    if (old) {
      this.#unsubscribe(old);
      old.leave(leftForGood);
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

  #open({ room, position, history, requestId }: RoomRequest): ProxiedRoom {
    if (this.#rooms.get(room)?.asked !== true) this.askedBytes += costOfRoom(room);
    const state = { sequence: new Sequence(maxHeld, position), history, asked: true, requestId };
    this.#rooms.set(room, state);
    return state;
  }

  /** A channel for a room that the socket is about to be asked for. */
  #expect(socket: PodSocket, name: string): Channel {
    const channel = new Channel(retrySettings);
    channel.requestId = ++this.#asks;
    socket.channels.set(name, channel);
    return channel;
  }

  /** What the pod is asked: by the proxy's own name, since the client may have used one number on several sockets. */
  #request(name: string, { sequence: { position }, history }: ProxiedRoom, channel: Channel): RoomRequest {
    channel.asked = position;
    return {
      room: name,
      ...(channel.requestId !== undefined && { requestId: channel.requestId }),
      ...(position && { position }),
      ...(history !== undefined && { history }),
    };
  }

  /** It has its answer, or is left. */
  #answered(room: string): void {
    const state = this.#rooms.get(room);
    if (state?.asked !== true) return;
    state.asked = false;
    this.askedBytes -= costOfRoom(room);
  }

  #drop(room: string): void {
    this.#answered(room);
    this.#rooms.delete(room);
    for (const { channels } of this.#greeted()) {
      channels.get(room)?.stop();
      channels.delete(room);
    }
  }

  #unsubscribe(socket: PodSocket): void {
    for (const channel of socket.channels.values()) channel.stop();
    socket.channels.clear();
  }

  #greeted(): PodSocket[] {
    return [this.#current, this.#next].filter((socket) => socket?.greeted === true) as PodSocket[];
  }

  #isComplete(socket: PodSocket): boolean {
    return [...socket.channels.values()].every(({ epoch }) => epoch !== undefined);
  }

  #receiveOfRoom(
    socket: PodSocket,
    frame: SyncFrame | MessageFrame | AckFrame | ErrorFrame,
    text: string,
  ): void {
    if (frame.room === undefined) {
      this.tell(frame, text); // about the whole socket: its close tells more
      return;
    }
    const room = this.#rooms.get(frame.room);
    const channel = socket.channels.get(frame.room);
    if (!room || !channel) return; // left meanwhile
    switch (frame.type) {
      case "sync":
        this.#synced(socket, channel, room, frame);
        break;
      case "message":
        this.#message(socket, channel, room, frame, text);
        break;
      case "ack":
        this.tellAck(frame, text);
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
      this.#askAgain(socket, channel, frame.room, room);
      return;
    }
    // What only says that the next pod goes on where the last one stopped is between it and the proxy.
    if (room.asked || synced !== "kept" || before?.epoch !== frame.epoch) {
      const { type, room: name, epoch, offset, recovered } = frame;
      const requestId = room.asked && room.requestId !== undefined ? { requestId: room.requestId } : {};
      this.tellSync({ type, room: name, epoch, offset, recovered, ...requestId });
    }
    const waited = this.mustWait();
    this.#answered(frame.room);
    this.#attach(frame.room, socket);
    if (waited && !this.mustWait()) this.flow();
  }

  #message(socket: PodSocket, channel: Channel, room: ProxiedRoom, frame: MessageFrame, text: string): void {
    if (channel.epoch === undefined) return;
    const { messages, gap } = room.sequence.accept(channel.epoch, frame);
    if (gap) this.#askAgain(socket, channel, frame.room, room);
    if (messages.length > 0) channel.progress();
    for (const message of messages)
      this.tellMessage(message, message === frame ? text : JSON.stringify(message));
  }

  #roomError(socket: PodSocket, channel: Channel, room: ProxiedRoom, frame: ErrorFrame, text: string): void {
    const name = frame.room ?? "";
    if (frame.id !== undefined) {
      this.tellPublishError({ ...frame, id: frame.id }, text);
      if (frame.code === "not_joined") this.#askAgain(socket, channel, name, room);
    } else if (frame.retryable) {
      channel.requestId = undefined;
      this.#askAgain(socket, channel, name, room);
    } else {
      const waited = this.mustWait();
      this.#drop(name);
      this.tellJoinError(frame, text);
      if (waited && !this.mustWait()) this.flow();
    }
  }

  #askAgain(socket: PodSocket, channel: Channel, name: string, room: ProxiedRoom): void {
    if (channel.requestId !== undefined) return;
    channel.requestId = ++this.#asks;
    channel.request(() => socket.send({ type: "join", ...this.#request(name, room, channel) }));
  }

  #attach(room: string, socket: PodSocket): void {
    if (this.sink(room) === socket) this.attach(room, socket);
  }
}
