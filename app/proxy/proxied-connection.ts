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

/** A longer timer of Node.js fires at once. Milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/** What all connections of a proxy share. */
export interface ProxyContext {
  readonly config: ProxyConfig;
  readonly log: Logger;
  readonly metrics: ProxyMetrics;
  readonly dialer: Dialer;
  /** The open connections; see `ProxiedConnections`. */
  readonly connections: {
    readonly size: number;
    add(connection: ProxiedConnection): void;
    delete(connection: ProxiedConnection): void;
  };
  /** Whether a close with this code by the service is final. */
  readonly isFinal: (code: number) => boolean;
}

/** A client that was admitted, and the pod that has accepted it too. */
export interface Admitted {
  readonly ws: WebSocket;
  readonly stream: Duplex;
  /** The request with which every pod is dialled. */
  readonly request: UpstreamRequest;
  readonly first: Upstream;
  /** When the token that the proxy has verified expires; Unix milliseconds. */
  readonly expiresAt: number | undefined;
}

/** A client's socket that outlives the pods behind it. The subclasses differ in what they know about the traffic. */
export abstract class ProxiedConnection implements Drainable {
  /** Always false: the proxy cannot see where a client goes that leaves. */
  readonly hasMoved = false;
  /** The client's socket. */
  readonly client: UpstreamSocket;
  readonly #expiry = new Alarm(systemTimers);
  #lastSeenAt = Date.now();

  constructor(
    protected readonly context: ProxyContext,
    { ws, stream, expiresAt = Infinity }: Admitted,
  ) {
    this.client = new UpstreamSocket(ws, stream, () => this.onClientDrained());
    this.#expire(expiresAt);
    this.#watch(stream as Duplex & Pick<Socket, "setTimeout">); // the stream of a plain HTTP server has `setTimeout`
    context.connections.add(this);
    context.metrics.created.inc();
    ws.on("message", (data: RawData, isBinary) => {
      this.#lastSeenAt = Date.now();
      this.onMessage(data as Buffer, isBinary);
    });
    ws.on("ping", () => (this.#lastSeenAt = Date.now())); // ws has answered: the service may be between pods
    ws.on("pong", () => (this.#lastSeenAt = Date.now()));
    ws.on("error", (error) => context.log.debug({ err: error.message }, "client")); // `close` follows
    ws.on("close", (code, reason) => {
      this.#expiry.clear();
      context.metrics.closed.inc({ code: String(code) });
      this.onClientClosed(code, reason.toString());
    });
  }

  /**
   * The proxy is about to stop: asks the client to reconnect to another proxy. Returns false if its protocol has no frame for that;
   * this call then closes it, and the drain spreads these calls.
   */
  goAway(): boolean {
    this.close(closeCodes.serviceRestart, "service restart");
    return false;
  }

  /** Bytes of the client that the service does not have yet, as far as the proxy knows. */
  abstract get waitingBytes(): number;
  /** Ends at once, and drops what waits. */
  abstract stop(): void;
  protected abstract onMessage(data: Buffer, isBinary: boolean): void;
  /** The client has read the bytes that waited. */
  protected abstract onClientDrained(): void;
  protected abstract onClientClosed(code: number, reason: string): void;
  /** Asks a silent client whether it is alive. */
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
      this.#lastSeenAt = now; // the proxy itself does not read from the client
    else if (silentMs > 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000) this.client.terminate();
    else this.ping();
  }

  /**
   * Cuts a client that reads none of the data that waits for it: it is gone, or it attacks the proxy's memory. Node.js emits
   * `timeout` for a socket that has neither read nor written for this long; it counts what the kernel has taken of a large write
   * (`writeQueueSize`).
   */
  #watch(socket: Duplex & Pick<Socket, "setTimeout">): void {
    const stalledMs = 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000;
    socket.setTimeout(stalledMs);
    socket.on("timeout", () => {
      if (this.client.full) this.client.terminate();
      else socket.setTimeout(stalledMs);
    });
  }

  /** Closes when the token expires. Checks again in between, because the longest timer is 24.8 days. */
  #expire(at: number): void {
    if (at === Infinity) return;
    const leftMs = at - Date.now();
    if (leftMs <= 0) this.close(closeCodes.tokenExpired, "the token has expired");
    else this.#expiry.set(Math.min(leftMs, longestTimerMs), () => this.#expire(at));
  }

  /** The client is gone, and no data of it waits for the service. */
  protected done(): void {
    this.context.connections.delete(this);
  }

  /** No pod took the connection over in time. */
  protected abandon(why: string): void {
    this.context.metrics.abandoned.inc();
    if (this.client.full) this.close(closeCodes.slowConsumer, "reads too slowly");
    else this.close(closeCodes.tryAgainLater, why);
  }
}
