import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import type { Position, ServerFrame } from "../../../app/protocol/frames";

/** The least that a client of the protocol does: resumes with its positions, counts, answers pings. */
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

  /** Opens a socket and resumes there. Resolves with whether every room went on, once all have a sync. */
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

/** Runs work for each item, so many at a time. */
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
