import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { SUBPROTOCOL, type HelloFrame, type ServerFrame } from "../../../app/protocol/frames";

type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/**
 * A client that sends exactly what a test says, and keeps every received frame, so that none is missed. A wait fails if the
 * socket closes, and after 10 s, with the frames that came instead.
 */
export class Wire {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly ws: WebSocket;
  readonly #opened: Promise<void>;
  #taken = 0;
  #waiters = new Set<() => void>();

  constructor(url: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}) {
    this.ws = new WebSocket(url, options.protocols ?? [SUBPROTOCOL], { headers: options.headers ?? {} });
    this.ws.on("message", (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as ServerFrame);
      this.#resume();
    });
    this.closed = new Promise((resolve, reject) => {
      this.ws.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#resume();
      });
      this.ws.on("error", reject);
    });
    this.#opened = new Promise((resolve, reject) => {
      this.ws.once("open", resolve);
      this.ws.once("error", reject);
    });
    for (const outcome of [this.closed, this.#opened]) outcome.catch(() => undefined);
  }

  async opened(): Promise<this> {
    await this.#opened;
    return this;
  }

  send(frame: unknown): void {
    this.ws.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  async hello(hello: Partial<HelloFrame> = {}): Promise<Frame<"welcome">> {
    await this.opened();
    this.send({ type: "hello", client: randomClient(), rooms: [], ...hello });
    return this.next("welcome");
  }

  /** The next unread frame of this type; skips earlier frames of other types. */
  async next<T extends ServerFrame["type"]>(
    type: T,
    matches: (frame: Frame<T>) => boolean = () => true,
  ): Promise<Frame<T>> {
    return this.until(() => {
      for (let i = this.#taken; i < this.frames.length; i++) {
        const frame = this.frames[i];
        if (frame?.type === type && matches(frame as Frame<T>)) {
          this.#taken = i + 1;
          return frame as Frame<T>;
        }
      }
      return undefined;
    }, `a ${type} frame`);
  }

  sync(room: string): Promise<Frame<"sync">> {
    return this.until(
      () => this.frames.find((frame): frame is Frame<"sync"> => frame.type === "sync" && frame.room === room),
      `sync of ${room}`,
    );
  }

  /** The offsets of a room's messages, in the order of arrival. */
  offsets(room: string): number[] {
    return this.frames.flatMap((frame) =>
      frame.type === "message" && frame.room === room ? [frame.offset] : [],
    );
  }

  /** Waits until `look` returns something. */
  async until<T>(look: () => T | undefined, what: string): Promise<T> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.ws.readyState >= WebSocket.CLOSING)
        throw new Error(`closed while waiting for ${what}; ${this.#came()}`);
      if (Date.now() > deadline) throw new Error(`no ${what} within 10 s; ${this.#came()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 10_000);
        this.#waiters.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  close(code = 1000): void {
    this.ws.close(code);
  }

  #came(): string {
    return `came: ${JSON.stringify(this.frames.slice(-5))}`;
  }

  #resume(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }
}

export function randomClient(): string {
  return randomBytes(16).toString("base64url");
}

/** The status and body with which an upgrade is refused. */
export function refusalOf(
  url: string,
  options: { protocols?: string[]; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: string; headers: Record<string, string | string[] | undefined> }> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, options.protocols ?? [SUBPROTOCOL], { headers: options.headers ?? {} });
    ws.on("open", () => {
      ws.close();
      reject(new Error(`${url} was accepted`));
    });
    ws.on("error", () => undefined);
    ws.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => {
        ws.terminate();
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
      });
    });
  });
}
