import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import type { Position, ServerFrame } from "../../../app/protocol/frames";

/** A minimal client of the protocol: it resumes with its positions, and answers pings. */
export class BenchClient {
  readonly #id = randomBytes(16).toString("base64url");
  readonly #positions = new Map<string, Position | undefined>([["@me", undefined]]);
  #session: { id: string; token: string } | undefined;
  #ws: WebSocket | undefined;
  /** Called when the socket is lost. */
  onLost: () => void = () => undefined;

  constructor(rooms: readonly string[]) {
    for (const room of rooms) this.#positions.set(room, undefined);
  }

  /** Opens a socket and resumes there. Once all rooms have a sync, resolves with whether every room continued. */
  open(url: string): Promise<boolean> {
    const ws = new WebSocket(`${url}bench`, "holdfast.v1.json", { perMessageDeflate: false });
    this.#ws = ws;
    const waiting = new Set(this.#positions.keys());
    let recovered = true;
    return new Promise((resolve, reject) => {
      ws.on("error", reject);
      ws.on("open", () => ws.send(JSON.stringify(this.#hello())));
      ws.on("close", () => {
        reject(new Error("closed"));
        if (this.#ws === ws && waiting.size === 0) this.onLost();
      });
      ws.on("message", (text: Buffer) => {
        const frame = JSON.parse(text.toString()) as ServerFrame;
        if (frame.type === "ping") ws.send(`{"type":"pong"}`);
        if (frame.type === "welcome") {
          recovered = frame.resumed;
          this.#session = { id: frame.session.id, token: frame.session.token };
        }
        if (frame.type !== "sync") return;
        recovered &&= frame.recovered;
        this.#positions.set(frame.room, { epoch: frame.epoch, offset: frame.offset });
        if (waiting.delete(frame.room) && waiting.size === 0) resolve(recovered);
      });
    });
  }

  close(): void {
    const ws = this.#ws;
    this.#ws = undefined;
    ws?.terminate();
  }

  #hello() {
    const rooms = [...this.#positions].map(([room, position]) => ({ room, ...(position && { position }) }));
    return { type: "hello", client: this.#id, rooms, ...(this.#session && { session: this.#session }) };
  }
}

/**
 * A client that moves when it is asked to, and measures the delivery time of messages that contain the time of their publish.
 * Both sockets deliver during a move; each message counts once.
 */
export class MovingClient {
  /** The URL of the next socket. */
  nextUrl = "";
  readonly #id = randomBytes(16).toString("base64url");
  readonly #rooms: ReadonlyMap<string, { epoch?: string; offset: number; published: number }>;
  #session: { id: string; token: string } | undefined;
  #ws: WebSocket | undefined;
  #worstMs = 0;
  /** The number of messages that the client missed. */
  missing = 0;

  constructor(rooms: readonly string[]) {
    this.#rooms = new Map(rooms.map((room) => [room, { offset: 0, published: 0 }]));
  }

  /** Opens a socket and continues there; closes the previous one. Resolves once all rooms have a sync. */
  open(url: string): Promise<void> {
    const ws = new WebSocket(`${url}bench`, "holdfast.v1.json", { perMessageDeflate: false });
    const waiting = new Set(this.#rooms.keys());
    return new Promise((resolve, reject) => {
      ws.on("error", reject);
      ws.on("open", () => ws.send(JSON.stringify(this.#hello())));
      ws.on("message", (text: Buffer) => {
        const frame = JSON.parse(text.toString()) as ServerFrame;
        if (frame.type === "ping") ws.send(`{"type":"pong"}`);
        if (frame.type === "goaway") void this.open(this.nextUrl);
        if (frame.type === "message") this.#delivered(frame);
        if (frame.type === "welcome") this.#session = { id: frame.session.id, token: frame.session.token };
        if (frame.type !== "sync") return;
        const room = this.#rooms.get(frame.room);
        if (room && room.epoch === undefined) room.offset = frame.offset;
        if (room) room.epoch = frame.epoch;
        if (!waiting.delete(frame.room) || waiting.size > 0) return;
        this.#ws?.close(1000);
        this.#ws = ws;
        resolve();
      });
    });
  }

  /** Publishes the current time. */
  publish(room: string): void {
    const state = this.#rooms.get(room);
    if (!state) throw new Error(`not in ${room}`);
    state.published += 1;
    const frame = { type: "publish", room, id: state.published, data: performance.now() };
    this.#ws?.send(JSON.stringify(frame));
  }

  /** The longest delivery time since the last call. Milliseconds. */
  takeWorst(): number {
    const worst = this.#worstMs;
    this.#worstMs = 0;
    return worst;
  }

  close(): void {
    this.#ws?.terminate();
  }

  #delivered({ room: name, offset, data }: Extract<ServerFrame, { type: "message" }>): void {
    const room = this.#rooms.get(name);
    if (!room || offset <= room.offset) return;
    this.missing += offset - room.offset - 1;
    room.offset = offset;
    this.#worstMs = Math.max(this.#worstMs, performance.now() - (data as number));
  }

  #hello() {
    const rooms = [...this.#rooms].map(([room, { epoch, offset }]) => ({
      room,
      ...(epoch !== undefined && { position: { epoch, offset } }),
    }));
    return { type: "hello", client: this.#id, rooms, ...(this.#session && { session: this.#session }) };
  }
}

/** Runs work for each item, a limited number at a time. */
export async function inTurns<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const one = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
