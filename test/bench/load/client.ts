import { WebSocket } from "ws";
import type { Protocol } from "../peers/peer";

/** Bytes of a message's data. */
const dataBytes = 200;

/** Digits of the time in a message: microseconds of the monotonic clock. */
const digits = 15;

/** Begins the data of a message, and is nowhere else in what a peer sends. */
const marker = "#".charCodeAt(0);
const newline = "\n".charCodeAt(0);

const padding = "x".repeat(dataBytes - digits - 1);

/** What all clients of a run have received. */
export interface Received {
  /** How long each delivery took from its publish. Milliseconds. */
  readonly deliverMs: number[];
  /** How long each acknowledgement took. Milliseconds. */
  readonly ackMs: number[];
  /** What a server refused, in its own words. */
  readonly errors: string[];
}

/**
 * A client of any peer, in one room. It parses as little as possible, and the same for all peers: it looks for the marker in
 * each line that it receives, and reads the time behind it. Only lines without one are parsed.
 */
export class LoadClient {
  readonly #protocol: Protocol;
  readonly #room: string;
  readonly #received: Received;
  /** When each publish without an acknowledgement was sent. */
  readonly #sentAt = new Map<number, number>();
  #published = 0;
  #onReady: () => void = () => undefined;
  #ws: WebSocket | undefined;

  constructor(protocol: Protocol, room: string, received: Received) {
    this.#protocol = protocol;
    this.#room = room;
    this.#received = received;
  }

  /** Connects; resolves once the client is in its room. */
  open(url: string, name: string, token: string | undefined): Promise<void> {
    const protocol = this.#protocol;
    const address = protocol.address(url, this.#room);
    const ws = new WebSocket(address, protocol.subprotocol, { perMessageDeflate: false });
    this.#ws = ws;
    return new Promise((resolve, reject) => {
      this.#onReady = resolve;
      ws.on("open", () => {
        for (const text of protocol.greeting(this.#room, name, token)) ws.send(text);
      });
      ws.on("message", (data: Buffer) => this.#receive(data));
      ws.on("error", (error) => {
        this.#received.errors.push(error.message);
        reject(error);
      });
      ws.on("close", (code, reason) => {
        this.#received.errors.push(`closed with ${code} ${reason.toString()}`);
        reject(
          new Error(`the server closed a client that was not ready: ${this.#received.errors.join("; ")}`),
        );
      });
    });
  }

  publish(): void {
    const id = ++this.#published;
    const now = performance.now();
    this.#sentAt.set(id, now);
    const time = String(Math.round(now * 1_000)).padStart(digits, "0");
    this.#ws?.send(this.#protocol.publish(this.#room, id, `#${time}${padding}`));
  }

  close(): void {
    this.#ws?.removeAllListeners("close");
    this.#ws?.terminate();
  }

  #receive(data: Buffer): void {
    for (let begin = 0; begin < data.length;) {
      const end = data.indexOf(newline, begin);
      const line = end === -1 && begin === 0 ? data : data.subarray(begin, end === -1 ? data.length : end);
      const at = line.indexOf(marker);
      if (at === -1) this.#control(line.toString());
      else this.#received.deliverMs.push(performance.now() - timeAt(line, at + 1));
      begin += line.length + 1;
    }
  }

  #control(line: string): void {
    const control = this.#protocol.control(line);
    if (control.type === "ready") this.#onReady();
    if (control.type === "answer") this.#ws?.send(control.text);
    if (control.type === "error") this.#received.errors.push(control.reason);
    if (control.type !== "ack") return;
    const sentAt = this.#sentAt.get(control.id);
    if (sentAt === undefined) return;
    this.#sentAt.delete(control.id);
    this.#received.ackMs.push(performance.now() - sentAt);
  }
}

/** The time of a publish, as its message carries it. Milliseconds. */
function timeAt(line: Buffer, begin: number): number {
  return Number(line.toString("latin1", begin, begin + digits)) / 1_000;
}
