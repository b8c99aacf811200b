import { closeCodes } from "../protocol/close-codes";

/** A connection as the drain sees it. */
export interface Drainable {
  goAway(): void;
  finish(code: number, reason: string): Promise<void>;
  close(code: number, reason: string): void;
  readonly transport: { terminate(): void };
}

/** The connections of the pod; each leaves the iteration when it has closed. */
export interface DrainableSet extends Iterable<Drainable> {
  readonly size: number;
  empty(): Promise<void>;
}

/**
 * Clients that are asked to move in a second, where there is time: each costs its new pod a handshake (about 1 ms of
 * CPU), so a pod that takes them all spends a tenth of a core on it.
 */
const goawaysPerSecond = 100;

/** Of the drain, what the goaway frames may take: the last client to be asked needs time to move. */
const goawayShare = 0.8;

/**
 * How long acknowledgements may take that are under way at the end of the drain, and as long again the closing handshakes.
 * Both, and the release of ports and connections, fit the 5 s that the grace period has left. Milliseconds.
 */
export const closeMs = 1_500;

/** Over how long the goaway frames to `clients` are spread, in a drain of `drainMs`. */
export function goawayWindowMs(clients: number, drainMs: number): number {
  return Math.min((clients / goawaysPerSecond) * 1_000, drainMs * goawayShare);
}

/**
 * Moves all clients away: asks one after the other, spread over the window; whoever is still there after `drainMs` gets
 * 1012; whoever does not answer that in {@link closeMs} is cut. Resolves as soon as the last one has left.
 */
export async function drain(
  connections: DrainableSet,
  drainMs: number,
  windowMs = goawayWindowMs(connections.size, drainMs),
): Promise<void> {
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const queue = drainMs > 0 ? [...connections] : [];
  for (const [index, connection] of queue.entries()) {
    const due = (windowMs * index) / queue.length;
    if (due > elapsed()) await Promise.race([connections.empty(), sleep(due - elapsed())]);
    connection.goAway(); // to one that has left meanwhile, nothing is written
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
