import { limits } from "../protocol/frames";
import type { Backoff } from "./backoff";
import { defaultBackoff } from "./backoff";
import { HoldfastError } from "./errors";
import type { WebSocketConstructor } from "./web-socket";
import type { Timers } from "./timers";
import { systemTimers } from "./timers";

export interface ClientOptions {
  /**
   * The service's URL, such as `wss://host/messaging`, without query. Sockets connect to `<url>/chat/<first joined room, or _>`;
   * the room in the path is only for routing.
   */
  readonly url: string;
  /**
   * The JWT, or a function that returns a fresh one, called for each new socket. If it throws, the connection counts as
   * failed and is retried. The token is sent in the first frame, never in the URL. Default: none.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** The WebSocket class. Default: the global one; in Node.js, the `ws` package's. */
  readonly webSocket?: WebSocketConstructor;
  /** Messages of history that a first join requests, 0 to 1 000; `join` can override it. Default 0. */
  readonly history?: number;
  /** Messages that each iterator buffers while it is not read, and that each room buffers after a gap. At least 1. Default 1 000. */
  readonly maxBuffered?: number;
  /**
   * Size of these buffers, and of the publishes of a room that wait for their acknowledgement. Bytes, default 8 388 608
   * (8 MiB), counted by the length of the frames, so text beyond Latin-1 uses up to twice as much memory. A single message
   * may be larger.
   */
  readonly maxBufferedBytes?: number;
  /**
   * The largest frame that the client accepts from the server; a larger one closes the socket. Bytes, default 1 048 576 (1 MiB,
   * 16 times what a server accepts by default). Node.js only: browsers have their own limit.
   */
  readonly maxFrameBytes?: number;
  /** How long the client retries a publish before it rejects; `Infinity`: until the client closes. Milliseconds, default 120 000. */
  readonly publishTimeoutMs?: number;
  /** Time from opening a socket (with fetching a token) to its welcome. Milliseconds, default 10 000. */
  readonly connectTimeoutMs?: number;
  /** The waits between attempts to connect; see {@link Backoff}. */
  readonly backoff?: Partial<Backoff>;
  /** The source of jitter: returns numbers from 0 (included) to 1 (excluded). Default `Math.random`. */
  readonly random?: () => number;
  /** The clock and the timers. Default: the system's. */
  readonly timers?: Timers;
}

export interface ClientSettings {
  readonly url: string;
  readonly token: () => string | undefined | Promise<string>;
  /** The token is a fixed string, so it cannot be renewed when it has expired. */
  readonly fixedToken: boolean;
  readonly webSocket: WebSocketConstructor;
  readonly history: number;
  readonly maxBuffered: number;
  readonly maxBufferedBytes: number;
  readonly publishTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly timers: Timers;
}

export const defaultMaxFrameBytes: number = 2 ** 20;

/** Fills in the defaults. Throws a {@link HoldfastError} that names the wrong option. */
export function resolveOptions(options: ClientOptions): ClientSettings {
  const { url, token, backoff, history, ...others } = options;
  const settings = {
    webSocket: (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket,
    maxBuffered: 1_000,
    maxBufferedBytes: 8 * 2 ** 20,
    publishTimeoutMs: 120_000,
    connectTimeoutMs: 10_000,
    random: Math.random,
    timers: systemTimers,
    ...others,
  };
  const { webSocket } = settings;
  if (!/^wss?:\/\/[^?#]+$/.test(url)) {
    const [shown] = url.split(/[?#]/); // a query may hold secrets that must not be logged
    throw invalid(`url must be ws:// or wss://, without query, found ${shown}`);
  }
  if (!webSocket) throw invalid("webSocket is missing, there is no global one");
  for (const [name, value] of Object.entries({ ...settings, ...backoff })) {
    // A wait that is not a number would be no wait, and a limit that is not a number no limit.
    if (typeof value === "number" && !(value >= 0))
      throw invalid(`${name} must be 0 or more, found ${value}`);
  }
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

/** The server would close the whole socket for a join that requests more. */
export function checkHistory(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= limits.history) return value;
  throw invalid(`history must be an integer from 0 to ${limits.history}, found ${value}`);
}

function invalid(message: string): HoldfastError {
  return new HoldfastError("HOLDFAST_INVALID", message);
}
