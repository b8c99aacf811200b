import { limits } from "../protocol/frames";
import type { Backoff } from "./backoff";
import { defaultBackoff } from "./backoff";
import { HoldfastError } from "./errors";
import type { WebSocketConstructor } from "./web-socket";
import type { Timers } from "./timers";
import { systemTimers } from "./timers";

export interface ClientOptions {
  /**
   * The service, such as `wss://host/messaging`, without query: sockets go to `<url>/chat/<first joined room, or _>`.
   * The room in the path is for routing only.
   */
  readonly url: string;
  /**
   * The JWT, or what gives a fresh one: called for each new socket; where it throws, that counts as a failed
   * connection and is tried again. Sent in the first frame, never in the URL. Default: none.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** The WebSocket class. Default: the global one; where there is none (Node 20), the `ws` package's. */
  readonly webSocket?: WebSocketConstructor;
  /** Messages of history that a first join asks for, 0 to 1 000; `join` can say otherwise. Default 0. */
  readonly history?: number;
  /** Messages that each iterator holds while it is not read, and each room behind a gap, at least 1. Default 1 000. */
  readonly maxBuffered?: number;
  /** How long a publish is tried before it rejects. Milliseconds, default 120 000. */
  readonly publishTimeoutMs?: number;
  /** From opening a socket (and asking for a token) to its welcome. Milliseconds, default 10 000. */
  readonly connectTimeoutMs?: number;
  readonly backoff?: Partial<Backoff>;
  /** Where jitter comes from: from 0 (included) to 1 (excluded). Default `Math.random`. */
  readonly random?: () => number;
  /** The clock and the timers. Default: the system's. */
  readonly timers?: Timers;
}

export interface ClientSettings {
  readonly url: string;
  readonly token: () => string | undefined | Promise<string>;
  /** A token that is always the same: once expired, it will not do again. */
  readonly fixedToken: boolean;
  readonly webSocket: WebSocketConstructor;
  readonly history: number;
  readonly maxBuffered: number;
  readonly publishTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly timers: Timers;
}

/** Fills in the defaults. Throws a {@link HoldfastError} naming the option that is wrong. */
export function resolveOptions(options: ClientOptions): ClientSettings {
  const { url, token, backoff, history, ...others } = options;
  const settings = {
    webSocket: (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket,
    maxBuffered: 1_000,
    publishTimeoutMs: 120_000,
    connectTimeoutMs: 10_000,
    random: Math.random,
    timers: systemTimers,
    ...others,
  };
  const { webSocket } = settings;
  if (!/^wss?:\/\/[^?#]+$/.test(url)) {
    const [shown] = url.split(/[?#]/); // a query may hold what no log should
    throw invalid(`url must be ws:// or wss://, without query, found ${shown}`);
  }
  if (!webSocket) throw invalid("webSocket is missing, there is no global one");
  return {
    ...settings,
    webSocket,
    url: url.replace(/\/+$/, ""),
    token: typeof token === "function" ? token : () => token,
    fixedToken: typeof token === "string",
    history: checkHistory(history ?? 0),
    backoff: { ...defaultBackoff, ...backoff },
  };
}

/** The server would close the whole socket on a join that asks for more. */
export function checkHistory(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= limits.history) return value;
  throw invalid(`history must be an integer from 0 to ${limits.history}, found ${value}`);
}

function invalid(message: string): HoldfastError {
  return new HoldfastError("HOLDFAST_INVALID", message);
}
