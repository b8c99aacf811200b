import type { Logger } from "pino";
import { goawaysPerSecond } from "../drain";
import { excessOf, isTooMany, smallestExcess, steadyState, type PodLoad } from "./pod-load";

/** A connection as the rebalancer sees it. */
export interface Movable {
  readonly session: { readonly id: string; readonly user: string } | undefined;
  readonly transport: { readonly open: boolean };
  /** Asks the client to go to another pod. False where it cannot be asked, or is about to go anyway. */
  moveOn(): boolean;
}

/** Where pods tell each other their loads. */
export interface Loads {
  /** Tells this pod's load. Resolves with the loads of all pods, this one's included. */
  exchange(load: PodLoad): Promise<readonly PodLoad[]>;
  /** This pod is no more. */
  remove(pod: string): Promise<void>;
}

export interface RebalancerTimes {
  /** From one look at the loads to the next. Milliseconds. */
  readonly everyMs: number;
  /** The pods stay the same for so long before clients are moved. Milliseconds. */
  readonly steadyMs: number;
}

/** A scale-up from 3 to 6 pods is to be even within two minutes: 20 s of waiting, and then a minute of moves. */
const defaultTimes: RebalancerTimes = { everyMs: 5_000, steadyMs: 20_000 };

/** Of the clients that a pod has too many, so many are asked in a second; no more than a drain asks at least. */
const shareASecond = 0.05;

/** Who was asked so long ago and is still here stays. Milliseconds. */
const patienceMs = 20_000;

/**
 * For each client that is too many, so many are asked. Some land on another crowded pod, and that asks its own; but where none
 * leaves for good, no emptier pod can be reached, and to go on would move everybody in a circle.
 */
const asksPerExcess = 2;

/** After that nobody is asked for a while, twice as long each time, until pods come or go. Milliseconds. */
const firstPauseMs = 300_000;
const longestPauseMs = 3_600_000;

/** Of its clients, what a pod may get between two looks. More have lost their pod: the others will follow. */
const toleratedGrowth = 0.1;

/**
 * A client is sent on so often: every other time by the cookie that the edge gave it here, and then by chance, one in as
 * many as there are pods. One that is led here still has an edge that goes by its address.
 */
const mostRefusals = 5;

interface Asked {
  readonly connection: Movable;
  readonly user: string;
  readonly at: number;
  refusals: number;
}

/**
 * Evens out the clients of a service's pods after a rollout or a scale-up: a pod that has well more than the mean asks
 * some of its clients to move, slowly, oldest first. Each opens its next socket elsewhere before it leaves this one; one
 * that the edge leads back is sent on. Nothing happens while pods come or go.
 */
export class Rebalancer {
  /** Sessions that were asked, by id; those asked longest ago first. */
  readonly #asked = new Map<string, Asked>();
  /** Who was asked and stayed, or came back: not asked again. */
  readonly #settled = new WeakSet<Movable>();
  #isMoving = false;
  #state: string | undefined;
  #stateSince = 0;
  #servedBefore = 0;
  /** Clients that may still be asked before it gives up. */
  #asksLeft = 0;
  #pauseMs = firstPauseMs;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;

  constructor(
    private readonly pod: { readonly name: string; readonly revision: string; isLeaving(): boolean },
    private readonly connections: Iterable<Movable>,
    private readonly loads: Loads,
    private readonly log: Logger,
    /** Called for each client that is asked. */
    private readonly onAsked: () => void,
    private readonly times: RebalancerTimes = defaultTimes,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => void this.#look(), this.times.everyMs).unref();
    void this.#look();
  }

  /** The pod is no more: what it has is not counted any longer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#asking);
    if (this.#timer) await this.loads.remove(this.pod.name).catch(() => undefined); // it expires
  }

  /** Whether clients are being moved away, so that nobody shall be led here by a cookie. */
  get isMoving(): boolean {
    return this.#asked.size > 0;
  }

  /**
   * Whether the client that wants to resume this session by a new connection was asked to do so on another pod. One that is
   * led here again and again may stay.
   */
  sendsOn(sessionId: string, user: string, connection: Movable): boolean {
    const asked = this.#asked.get(sessionId);
    if (asked?.user !== user || !asked.connection.transport.open) return false;
    asked.refusals += 1;
    if (asked.refusals <= mostRefusals) return true;
    this.#asked.delete(sessionId);
    this.#settled.add(connection);
    return false;
  }

  async #look(): Promise<void> {
    const { name, revision } = this.pod;
    const isLeaving = this.pod.isLeaving();
    try {
      const loads = await this.loads.exchange({
        pod: name,
        connections: this.#served(),
        revision,
        isLeaving,
      });
      this.#forget();
      // Counted now: who has left since the loads were told is not asked for a second time.
      const clients = this.#served();
      if (this.#isSteady(loads, clients)) this.#even(loads, clients);
      else this.#stop();
    } catch (error) {
      this.log.debug({ err: (error as Error).message }, "loads");
    }
  }

  /** Clients that this pod serves. A connection that is closing, or has not sent its hello, does not count. */
  #served(): number {
    let served = 0;
    for (const { session, transport } of this.connections) if (session && transport.open) served += 1;
    return served;
  }

  #isSteady(loads: readonly PodLoad[], clients: number): boolean {
    const now = performance.now();
    const grows = clients > (1 + toleratedGrowth) * this.#servedBefore + smallestExcess;
    this.#servedBefore = clients;
    const state = steadyState(loads);
    if (state === undefined || state !== this.#state) {
      this.#stateSince = now;
      this.#pauseMs = firstPauseMs;
      this.#pausedUntil = 0;
    } else if (grows) {
      this.#stateSince = now;
    }
    this.#state = state;
    return state !== undefined && now - this.#stateSince >= this.times.steadyMs && now >= this.#pausedUntil;
  }

  /** Stops asking, and lets clients that come back stay. */
  #stop(): void {
    this.#isMoving = false;
    clearTimeout(this.#asking);
    for (const { connection } of this.#asked.values()) this.#settled.add(connection);
    this.#asked.clear();
  }

  /** From the first moment that it has too many until it has as many as the others. */
  #even(loads: readonly PodLoad[], clients: number): void {
    const leaving = [...this.#asked.values()].filter(({ connection }) => connection.transport.open).length;
    const excess = excessOf(clients - leaving, loads);
    const before = this.#isMoving;
    this.#isMoving = excess > 0 && (before || isTooMany(excess, loads));
    if (!this.#isMoving) return;
    if (!before) {
      this.#asksLeft = asksPerExcess * excess;
      this.log.info({ clients, excess }, "moves clients to other pods");
    }
    if (this.#asksLeft === 0) {
      this.log.warn(
        { clients, excess },
        "moves no more clients: they come back, or others come in their place",
      );
      this.#pausedUntil = performance.now() + this.#pauseMs;
      this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
      this.#stop();
      return;
    }
    const seconds = this.times.everyMs / 1_000;
    const due = Math.ceil(Math.min(excess * shareASecond, goawaysPerSecond) * seconds);
    this.#ask(Math.min(due, this.#asksLeft));
  }

  /** Asks the oldest, evenly until the next look. */
  #ask(count: number): void {
    const candidates = this.#candidates();
    const gapMs = this.times.everyMs / count;
    let left = count;
    const next = () => {
      if (this.pod.isLeaving() || !this.#askFirst(candidates)) return;
      left -= 1;
      if (left > 0) this.#asking = setTimeout(next, gapMs).unref();
    };
    clearTimeout(this.#asking);
    next();
  }

  /** False where nobody is left who can be asked. */
  #askFirst(candidates: Iterator<Movable>): boolean {
    for (let next = candidates.next(); next.done !== true; next = candidates.next()) {
      const connection = next.value;
      const { session } = connection;
      if (!session || !connection.moveOn()) continue;
      this.#asked.set(session.id, { connection, user: session.user, at: performance.now(), refusals: 0 });
      this.#asksLeft -= 1;
      this.onAsked();
      return true;
    }
    return false;
  }

  *#candidates(): Generator<Movable> {
    for (const connection of this.connections) {
      const { session } = connection;
      if (session && !this.#asked.has(session.id) && !this.#settled.has(connection)) yield connection;
    }
  }

  #forget(): void {
    const now = performance.now();
    for (const [id, { connection, at }] of this.#asked) {
      if (connection.transport.open && now - at < patienceMs) continue;
      this.#asked.delete(id);
      this.#settled.add(connection);
    }
  }
}
