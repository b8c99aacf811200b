import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import { Alarm, systemTimers } from "../client/timers";
import { closeCodes } from "../protocol/close-codes";
import type { Drainable } from "../server/drain";
import type { ProxyConfig } from "./config";
import type { Dialer, Upstream, UpstreamRequest } from "./dialer";
import { UpstreamSocket } from "./upstream-socket";
import type { ProxyMetrics } from "./metrics";

/** Timers of Node.js that are longer fire at once. Milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/** What all connections of a proxy share. */
export interface ProxyContext {
  readonly config: ProxyConfig;
  readonly log: Logger;
  readonly metrics: ProxyMetrics;
  readonly dialer: Dialer;
  /** Those that are open; see `ProxiedConnections`. */
  readonly connections: {
    readonly size: number;
    add(connection: ProxiedConnection): void;
    delete(connection: ProxiedConnection): void;
  };
  /** Whether the service closes for good by this code. */
  readonly isFinal: (code: number) => boolean;
}

/** A client that was accepted, and the pod that has accepted it too. */
export interface Admitted {
  readonly ws: WebSocket;
  readonly stream: Duplex;
  /** With what every pod is dialled. */
  readonly request: UpstreamRequest;
  readonly first: Upstream;
  /** When the token ends that the proxy has verified; Unix milliseconds. */
  readonly expiresAt: number | undefined;
}

/** A client's socket that outlives the pods behind it. The subclasses differ in what they know of what it carries. */
export abstract class ProxiedConnection implements Drainable {
  /** The client's socket. */
  /** Where a client goes that leaves is not seen from here. */
  readonly hasMoved = false;
  readonly client: UpstreamSocket;
  readonly #expiry = new Alarm(systemTimers);
  #lastSeenAt = Date.now();

  constructor(
    protected readonly context: ProxyContext,
    { ws, stream, expiresAt = Infinity }: Admitted,
  ) {
    this.client = new UpstreamSocket(ws, stream, () => this.onClientDrained());
    this.#expire(expiresAt);
    this.#watch(stream as Duplex & Pick<Socket, "setTimeout">); // behind a plain HTTP server it has one
    context.connections.add(this);
    context.metrics.created.inc();
    ws.on("message", (data: RawData, isBinary) => {
      this.#lastSeenAt = Date.now();
      this.onMessage(data as Buffer, isBinary);
    });
    ws.on("ping", () => (this.#lastSeenAt = Date.now())); // ws has answered: the service may be between two pods
    ws.on("pong", () => (this.#lastSeenAt = Date.now()));
    ws.on("error", (error) => context.log.debug({ err: error.message }, "client")); // `close` follows
    ws.on("close", (code, reason) => {
      this.#expiry.clear();
      context.metrics.closed.inc({ code: String(code) });
      this.onClientClosed(code, reason.toString());
    });
  }

  /** The proxy goes: asks the client to come back elsewhere, in whatever way it understands. */
  abstract goAway(): boolean;
  /** Bytes of the client that the service does not have yet, as far as is known. */
  abstract get waitingBytes(): number;
  /** Ends at once, whatever waits. */
  abstract stop(): void;
  protected abstract onMessage(data: Buffer, isBinary: boolean): void;
  /** The client has read what waited. */
  protected abstract onClientDrained(): void;
  protected abstract onClientClosed(code: number, reason: string): void;
  /** Asks a client that is quiet whether it is there. */
  protected ping(): void {
    this.client.ping();
  }

  get transport(): Pick<UpstreamSocket, "open" | "terminate"> {
    return this.client;
  }

  close(code: number, reason: string): void {
    this.client.close(code, reason);
  }

  finish(code: number, reason: string): Promise<void> {
    this.close(code, reason);
    return Promise.resolve();
  }

  /** Called every `PING_INTERVAL_SECONDS`. */
  tick(now: number): void {
    if (!this.client.open) return;
    const silentMs = now - this.#lastSeenAt;
    if (this.client.ws.isPaused)
      this.#lastSeenAt = now; // it is the proxy that does not listen
    else if (silentMs > 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000) this.client.terminate();
    else this.ping();
  }

  /**
   * Cuts a client that reads nothing of what waits for it: it is gone, or wants to cost. Node.js tells when a socket has
   * neither read nor written for so long, and counts what the kernel has taken of a large write (`writeQueueSize`).
   */
  #watch(socket: Duplex & Pick<Socket, "setTimeout">): void {
    const stalledMs = 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000;
    socket.setTimeout(stalledMs);
    socket.on("timeout", () => {
      if (this.client.full) this.client.terminate();
      else socket.setTimeout(stalledMs);
    });
  }

  /** Closes when the token ends; asked again in between, because a timer reaches no further than 24.8 days. */
  #expire(at: number): void {
    if (at === Infinity) return;
    const leftMs = at - Date.now();
    if (leftMs <= 0) this.close(closeCodes.tokenExpired, "the token has expired");
    else this.#expiry.set(Math.min(leftMs, longestTimerMs), () => this.#expire(at));
  }

  /** The client is gone, and nothing of it waits for the service any more. */
  protected done(): void {
    this.context.connections.delete(this);
  }

  /** No pod took over in time. */
  protected abandon(why: string): void {
    this.context.metrics.abandoned.inc();
    if (this.client.full) this.close(closeCodes.slowConsumer, "reads too slowly");
    else this.close(closeCodes.tryAgainLater, why);
  }
}
