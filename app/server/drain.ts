import { closeCodes } from "../protocol/close-codes";
import { MoveWindow } from "./move-window";

/** A connection, as the drain uses it. */
export interface Drainable {
  /**
   * Asks the client to move. Returns true if the client closes this connection once another one serves it, false if this call
   * closes it.
   */
  goAway(): boolean;
  finish(code: number, reason: string): Promise<void>;
  close(code: number, reason: string): void;
  /** Whether it was closed because another connection now serves the client. */
  readonly hasMoved: boolean;
  readonly transport: { readonly open: boolean; terminate(): void };
}

/** The connections of the pod. Each leaves the iteration once it is closed. */
export interface DrainableSet extends Iterable<Drainable> {
  readonly size: number;
  empty(): Promise<void>;
}

/**
 * The least number of clients that are asked to move per second, if there is time. Each costs its new pod a handshake (about 1 ms
 * of CPU), so a pod that receives all of them spends a tenth of a core on it. Faster moves raise the number.
 */
export const goawaysPerSecond = 100;

/** How often the drain checks which clients have moved. Milliseconds. */
const pollMs = 5;

/**
 * A client that was asked and has not moved after this time is not waited for: for example a sleeping phone, or a client that
 * does not know the frame. Milliseconds.
 */
const moveTimeoutMs = 5_000;

/** The share of the drain in which goaway frames are sent: the last client needs time to move. */
const goawayShare = 0.8;

/**
 * How long the publishes in progress at the end of the drain may take, and as long again for the closing handshakes. Both, and
 * the release of ports and connections, fit into the 5 s that are left of the grace period. Milliseconds.
 */
export const closeMs = 1_500;

/** The longest time over which the goaway frames to `clients` are spread, in a drain of `drainMs`. */
export function goawayWindowMs(clients: number, drainMs: number): number {
  return Math.min((clients / goawaysPerSecond) * 1_000, drainMs * goawayShare);
}

/**
 * Moves all clients away. Asks one after the other, spread over the window, and sooner if moves are fast. Closes those that are
 * left after `drainMs` with 1012, and cuts those that do not answer the close within {@link closeMs}. Resolves once the last one
 * has left.
 *
 * @param windowMs asks evenly over this time, never sooner
 */
export async function drain(connections: DrainableSet, drainMs: number, windowMs?: number): Promise<void> {
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  if (drainMs > 0) {
    const spreadMs = windowMs ?? goawayWindowMs(connections.size, drainMs);
    await sendGoaways(connections, spreadMs, windowMs === undefined ? new Moves() : undefined);
  }
  await Promise.race([connections.empty(), sleep(drainMs - elapsed())]);

  const rest = [...connections];
  await Promise.race([
    Promise.all(rest.map((connection) => connection.finish(closeCodes.serviceRestart, "service restart"))),
    sleep(closeMs),
  ]);
  // Does not wait for publishes if the session store is unavailable: the client repeats them on another pod.
  for (const connection of connections) connection.close(closeCodes.serviceRestart, "service restart");
  await Promise.race([connections.empty(), sleep(closeMs)]);
  for (const connection of connections) connection.transport.terminate();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)).unref());
}

/** Asks each client in its turn: when its place in the window comes, or earlier if `moves` has room. */
async function sendGoaways(
  connections: DrainableSet,
  windowMs: number,
  moves: Moves | undefined,
): Promise<void> {
  const start = performance.now();
  const queue = [...connections];
  const gapMs = windowMs / queue.length;
  const empty = connections.empty();
  for (const [index, connection] of queue.entries()) {
    const dueAt = start + gapMs * index;
    for (let waitMs: number; (waitMs = dueAt - performance.now()) > 0 && moves?.hasRoom() !== true;) {
      await Promise.race([empty, sleep(moves ? Math.min(waitMs, pollMs) : waitMs)]);
      if (connections.size === 0) return;
    }
    // Nothing is written to a client that has left meanwhile.
    if (connection.goAway()) moves?.asked(connection);
    else moves?.pause(gapMs);
  }
}

/** The clients that were asked and have not moved yet. */
class Moves {
  readonly #window = new MoveWindow();
  /** When each connection was asked, on the monotonic clock. */
  readonly #moving = new Map<Drainable, number>();
  #pausedUntil = 0;

  asked(connection: Drainable): void {
    this.#moving.set(connection, performance.now());
  }

  /** The client was closed. This pod cannot see where it goes or how long that takes, so the next one waits. */
  pause(ms: number): void {
    this.#pausedUntil = performance.now() + ms;
  }

  hasRoom(): boolean {
    const now = performance.now();
    for (const [connection, askedAt] of this.#moving) {
      if (connection.transport.open && now - askedAt < moveTimeoutMs) continue;
      this.#moving.delete(connection);
      if (connection.hasMoved) this.#window.moved(askedAt, now);
    }
    return now >= this.#pausedUntil && this.#moving.size < this.#window.size;
  }
}
