/**
 * A server that does nothing by itself. Tests need it because a correct server cannot lose a welcome, repeat a message, skip an
 * offset, fall silent, or close in the middle of a move on request. Each test scripts it frame by frame over real sockets. For a
 * new case, script frames in the test; add a method here only if several tests repeat it.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import type { ClientFrame, HelloFrame, RoomRequest, ServerFrame } from "../../../app/protocol/frames";
import { SUBPROTOCOL } from "../../../app/protocol/frames";
import { parseClientFrame } from "../../../app/protocol/parse";
import { Queue } from "./queue";

type FrameOf<Type extends ClientFrame["type"]> = Extract<ClientFrame, { type: Type }>;

/** One socket, as the server sees it. */
export class Peer {
  readonly #frames = new Queue<ClientFrame>();
  /** The client's requests that the test has read and not answered: for each room, the id of the newest. */
  readonly #asks = new Map<string, number | undefined>();
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(
    readonly socket: WebSocket,
    readonly url: string,
  ) {
    socket.on("message", (data) => this.#frames.push(parseClientFrame((data as Buffer).toString())));
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  /** A sync answers the room's newest pending request; set `requestId` to answer another one. */
  send(...frames: ServerFrame[]): void {
    for (const frame of frames) this.socket.send(JSON.stringify(this.#answering(frame)));
  }

  #answering(frame: ServerFrame): ServerFrame {
    if (frame.type !== "sync" || "requestId" in frame) return frame;
    const requestId = this.#asks.get(frame.room);
    this.#asks.delete(frame.room);
    return { ...frame, ...(requestId !== undefined && { requestId }) };
  }

  /** The client's next frame, which must be of this type. */
  async next<Type extends ClientFrame["type"]>(type: Type): Promise<FrameOf<Type>> {
    const frame = await this.#frames.next();
    if (frame.type !== type) throw new Error(`expected ${type}, the client sent ${JSON.stringify(frame)}`);
    const requests: readonly RoomRequest[] =
      frame.type === "hello" ? frame.rooms : frame.type === "join" ? [frame] : [];
    for (const { room, requestId } of requests) this.#asks.set(room, requestId);
    return frame as FrameOf<Type>;
  }

  /** Waits until everything that the client has already sent has come; returns the frames that no test has asked for. */
  async rest(): Promise<ClientFrame[]> {
    const pong = once(this.socket, "pong");
    this.socket.ping();
    await pong;
    return this.#frames.drain();
  }

  /** Answers the hello with a welcome, and with a sync for the inbox and each room of the hello, by default at its position. */
  async welcome(options: WelcomeOptions = {}): Promise<HelloFrame> {
    const hello = await this.next("hello");
    this.send(welcomeFrame(options));
    if (options.sync === false) return hello;
    for (const { room, position } of hello.rooms) {
      const { epoch, offset } = position ?? { epoch: "e1", offset: 0 };
      this.send({ type: "sync", room, epoch, offset, recovered: position !== undefined });
    }
    return hello;
  }

  /** Messages `from` … `to` of a room; the data is the offset. */
  sendMessages(room: string, from: number, to: number = from): void {
    for (let offset = from; offset <= to; offset += 1) this.send(message(room, offset));
  }

  close(code: number, reason = ""): void {
    this.socket.close(code, reason);
  }

  /** As with `kill -9` of the pod: no closing handshake. */
  kill(): void {
    this.socket.terminate();
  }
}

export interface WelcomeOptions {
  readonly session?: string;
  readonly token?: string;
  readonly resumed?: boolean;
  readonly pod?: string;
  readonly pingMs?: number;
  readonly maxPayloadBytes?: number;
  /** False: no sync follows; the test sends them. */
  readonly sync?: false;
}

export function welcomeFrame(options: WelcomeOptions = {}): ServerFrame {
  return {
    type: "welcome",
    session: { id: options.session ?? "s1", token: options.token ?? "t1", generation: 1 },
    resumed: options.resumed ?? false,
    user: "ada",
    pod: options.pod ?? "pod-1",
    pingMs: options.pingMs ?? 25_000,
    maxPayloadBytes: options.maxPayloadBytes ?? 65_536,
  };
}

function message(room: string, offset: number): ServerFrame {
  return { type: "message", room, offset, from: "bob", at: 0, data: offset };
}

export class FakeServer {
  readonly #peers = new Queue<Peer>();

  private constructor(private readonly server: WebSocketServer) {
    server.on("connection", (socket, request) => this.#peers.push(new Peer(socket, request.url ?? "")));
  }

  static async start(): Promise<FakeServer> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    const fake = new FakeServer(server);
    await once(server, "listening");
    return fake;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/messaging`;
  }

  /** The next socket that a client opens; none is missed. */
  connection(): Promise<Peer> {
    return this.#peers.next();
  }

  async stop(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
