import type { RawData, WebSocket } from "ws";
import { defaultBackoff } from "../../app/client/backoff";
import { Retry } from "../../app/client/retry";
import { systemTimers } from "../../app/client/timers";
import type { LoadClient, LoadClientArgs } from "./client";
import { SocketTracer } from "./traced-socket";

/**
 * The client of most applications without Holdfast: a plain-text socket that reconnects with the same back-off as the Holdfast
 * client, and keeps messages while it is disconnected. It has no offsets and no acknowledgements.
 */
export class PlainClient implements LoadClient {
  readonly #args: LoadClientArgs;
  readonly #tracer: SocketTracer;
  readonly #waiting: string[] = [];
  readonly #reconnect = new Retry({ timers: systemTimers, random: Math.random, backoff: defaultBackoff });
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(args: LoadClientArgs) {
    this.#args = args;
    this.#tracer = new SocketTracer(args.dialing, args.events);
  }

  get pending(): number {
    return this.#waiting.length;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#connect(resolve));
  }

  publish(data: string): void {
    if (this.#socket?.readyState === this.#socket?.OPEN) this.#socket?.send(data);
    else this.#waiting.push(data);
  }

  breakConnection(): void {
    this.#tracer.breakAll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#tracer.leave();
    this.#reconnect.clear();
    const socket = this.#socket;
    if (socket === undefined || socket.readyState === socket.CLOSED) return;
    await new Promise((resolve) => {
      socket.once("close", resolve);
      socket.close(1000);
    });
  }

  #connect(opened: () => void): void {
    const { url, room, events } = this.#args;
    const socket = new this.#tracer.webSocket(`${url}/chat/${room}`, []);
    let openedAt: number | undefined;
    this.#socket = socket;
    socket.once("open", () => {
      openedAt = performance.now();
      for (const data of this.#waiting.splice(0)) socket.send(data);
      opened();
    });
    socket.on("message", (data) => events.message(dataOf(data)));
    socket.once("close", () => {
      if (this.#stopped) return;
      const lastedMs = openedAt === undefined ? 0 : performance.now() - openedAt;
      this.#reconnect.lost(lastedMs);
      this.#reconnect.again(() => this.#connect(opened));
    });
  }
}

/** The data of a message line; undefined for other lines. */
function dataOf(raw: RawData): unknown {
  const line = JSON.parse((raw as Buffer).toString()) as { type?: string; data?: unknown };
  return line.type === "message" ? line.data : undefined;
}
