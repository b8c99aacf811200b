import { closeCodes } from "../protocol/close-codes";
import { MoveWindow } from "./move-window";

/** A connection as the drain sees it. */
export interface Drainable {
  /** Asks the client to move. True if it closes this connection once another one serves it; false if it is closed by this. */
  goAway(): boolean;
  finish(code: number, reason: string): Promise<void>;
  close(code: number, reason: string): void;
  /** Whether it was closed because another connection serves the client now. */
  readonly hasMoved: boolean;
  readonly transport: { readonly open: boolean; terminate(): void };
}

/** The connections of the pod; each leaves the iteration when it has closed. */
export interface DrainableSet extends Iterable<Drainable> {
  readonly size: number;
  empty(): Promise<void>;
}

/**
 * Clients that are asked to move in a second, at least, where there is time: each costs its new pod a handshake (about
 * 1 ms of CPU), so a pod that takes them all spends a tenth of a core on it. More are asked as far as moves are fast.
 */
export const goawaysPerSecond = 100;

/** How often the drain looks who has moved. Milliseconds. */
const lookMs = 5;

/** Who was asked and has not moved after this long will not: a sleeping phone, a client that does not know the frame. Milliseconds. */
const givenUpMs = 5_000;

/** Of the drain, what the goaway frames may take: the last client to be asked needs time to move. */
const goawayShare = 0.8;

/**
 * How long acknowledgements may take that are under way at the end of the drain, and as long again the closing handshakes.
 * Both, and the release of ports and connections, fit the 5 s that the grace period has left. Milliseconds.
 */
export const closeMs = 1_500;

/** Over how long the goaway frames to `clients` are spread at most, in a drain of `drainMs`. */
export function goawayWindowMs(clients: number, drainMs: number): number {
  return Math.min((clients / goawaysPerSecond) * 1_000, drainMs * goawayShare);
}

/**
 * Moves all clients away: asks one after the other, spread over the window, and sooner as far as moves are fast; whoever is
 * still there after `drainMs` gets 1012; whoever does not answer that in {@link closeMs} is cut. Resolves as soon as the
 * last one has left.
 *
 * @param windowMs asks evenly over this time, never sooner
 */
export async function drain(connections: DrainableSet, drainMs: number, windowMs?: number): Promise<void> {
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  if (drainMs > 0) {
    const spreadMs = windowMs ?? goawayWindowMs(connections.size, drainMs);
    await askAll(connections, spreadMs, windowMs === undefined ? new Moves() : undefined);
  }
  await Promise.race([connections.empty(), sleep(drainMs - elapsed())]);

  const rest = [...connections];
  await Promise.race([
    Promise.all(rest.map((connection) => connection.finish(closeCodes.serviceRestart, "service restart"))),
    sleep(closeMs),
  ]);
  // Publishes that wait for an absent store are not waited for: the client repeats them on another pod.
  for (const connection of connections) connection.close(closeCodes.serviceRestart, "service restart");
  await Promise.race([connections.empty(), sleep(closeMs)]);
  for (const connection of connections) connection.transport.terminate();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)).unref());
}

/** Asks each client in its turn: at its place in the window, or before that while `moves` has room. */
async function askAll(connections: DrainableSet, windowMs: number, moves: Moves | undefined): Promise<void> {
  const start = performance.now();
  const queue = [...connections];
  const gapMs = windowMs / queue.length;
  const empty = connections.empty();
  for (const [index, connection] of queue.entries()) {
    const dueAt = start + gapMs * index;
    for (let waitMs: number; (waitMs = dueAt - performance.now()) > 0 && moves?.hasRoom() !== true;) {
      await Promise.race([empty, sleep(moves ? Math.min(waitMs, lookMs) : waitMs)]);
      if (connections.size === 0) return;
    }
    // To one that has left meanwhile, nothing is written.
    if (connection.goAway()) moves?.asked(connection);
    else moves?.pause(gapMs);
  }
}

/** The clients that were asked and have not moved yet. */
class Moves {
  readonly #window = new MoveWindow();
  /** By connection, when it was asked, on the monotonic clock. */
  readonly #moving = new Map<Drainable, number>();
  #pausedUntil = 0;

  asked(connection: Drainable): void {
    this.#moving.set(connection, performance.now());
  }

  /** A client was closed: where it goes, and how long that takes, is not seen from here, so the next one waits. */
  pause(ms: number): void {
    this.#pausedUntil = performance.now() + ms;
  }

  hasRoom(): boolean {
    const now = performance.now();
    for (const [connection, askedAt] of this.#moving) {
      if (connection.transport.open && now - askedAt < givenUpMs) continue;
      this.#moving.delete(connection);
      if (connection.hasMoved) this.#window.moved(askedAt, now);
    }
    return now >= this.#pausedUntil && this.#moving.size < this.#window.size;
  }
}
