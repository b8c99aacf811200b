import type { Logger } from "pino";
import { goawaysPerSecond } from "../drain";
import { excessOf, isTooMany, smallestExcess, steadyState, type PodLoad } from "./pod-load";

/** A connection, as the rebalancer uses it. */
export interface Movable {
  readonly session: { readonly id: string; readonly user: string } | undefined;
  readonly transport: { readonly open: boolean };
  /** Asks the client to move to another pod. Returns false if it cannot be asked, or is about to leave anyway. */
  moveOn(): boolean;
}

/** The exchange of loads between pods. */
export interface Loads {
  /** Reports this pod's load. Resolves with the loads of all pods, including this one. */
  exchange(load: PodLoad): Promise<readonly PodLoad[]>;
  /** Removes the load of a pod that stops. */
  remove(pod: string): Promise<void>;
}

export interface RebalancerTimes {
  /** Time between two checks of the loads. Milliseconds. */
  readonly everyMs: number;
  /** How long the pods must stay the same before clients are moved. Milliseconds. */
  readonly steadyMs: number;
}

/** A scale-up from 3 to 6 pods must be even within two minutes: 20 s of waiting, and then a minute of moves. */
const defaultTimes: RebalancerTimes = { everyMs: 5_000, steadyMs: 20_000 };

/** The share of a pod's excess clients that are asked per second; never more than the lower limit of a drain. */
const shareASecond = 0.05;

/** A client that was asked this long ago and is still here stays. Milliseconds. */
const moveTimeoutMs = 20_000;

/**
 * How many clients are asked for each excess client. Some land on another crowded pod, which then asks its own clients. But if no
 * client leaves permanently, no emptier pod can be reached, and asking more would move clients in a circle.
 */
const asksPerExcess = 2;

/** The pause after that. It doubles each time, until pods come or go. Milliseconds. */
const firstPauseMs = 300_000;
const maxPauseMs = 3_600_000;

/**
 * The share by which a pod's clients may grow between two checks. Faster growth means that another pod was lost, and its clients
 * are arriving.
 */
const toleratedGrowth = 0.1;

/**
 * How often a client is sent on. Every other attempt comes by the cookie that the edge set here; for the rest, the chance of this
 * pod is one divided by the number of pods. A client that still comes here has an edge that routes by its address.
 */
const maxRefusals = 5;

interface Asked {
  readonly connection: Movable;
  readonly user: string;
  readonly at: number;
  refusals: number;
}

/**
 * Evens out the clients of a service's pods after a rollout or a scale-up: a pod that is well above the mean asks some of its
 * clients to move, slowly, oldest first. Each opens its next socket on another pod before it leaves this one. If the edge routes
 * it back, this pod sends it on. Nothing happens while pods come or go.
 */
export class Rebalancer {
  /** Sessions that were asked to move, by id, in the order in which they were asked. */
  readonly #asked = new Map<string, Asked>();
  /** Connections that were asked and stayed, or came back. They are not asked again. */
  readonly #settled = new WeakSet<Movable>();
  #isMoving = false;
  #state: string | undefined;
  #stateSince = 0;
  #servedBefore = 0;
  /** How many clients may still be asked before the pod gives up. */
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
    this.#timer ??= setInterval(() => void this.#check(), this.times.everyMs).unref();
    void this.#check();
  }

  /** The pod stops: its load no longer counts. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#asking);
    if (this.#timer) await this.loads.remove(this.pod.name).catch(() => undefined); // otherwise it expires
  }

  /** Whether clients are moving away. The edge's cookie must not lead a client here meanwhile. */
  get isMoving(): boolean {
    return this.#asked.size > 0;
  }

  /** Whether this session's client was asked to resume on another pod and must be sent on. After several attempts it may stay. */
  sendsOn(sessionId: string, user: string, connection: Movable): boolean {
    const asked = this.#asked.get(sessionId);
    if (asked?.user !== user || !asked.connection.transport.open) return false;
    asked.refusals += 1;
    if (asked.refusals <= maxRefusals) return true;
    this.#asked.delete(sessionId);
    this.#settled.add(connection);
    return false;
  }

  async #check(): Promise<void> {
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
      // Counted now: a client that has left since the report must not count as an excess again.
      const clients = this.#served();
      if (this.#isSteady(loads, clients)) this.#moveExcess(loads, clients);
      else this.#stop();
    } catch (error) {
      this.log.debug({ err: (error as Error).message }, "loads");
    }
  }

  /** The clients that this pod serves. A connection that is closing, or has not sent its hello, does not count. */
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

  /** Moves clients from the moment when the pod has too many until it is at the mean. */
  #moveExcess(loads: readonly PodLoad[], clients: number): void {
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
      this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs);
      this.#stop();
      return;
    }
    const seconds = this.times.everyMs / 1_000;
    const due = Math.ceil(Math.min(excess * shareASecond, goawaysPerSecond) * seconds);
    this.#ask(Math.min(due, this.#asksLeft));
  }

  /** Asks the oldest clients, evenly spread until the next check. */
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

  /** Returns false if no client is left that can be asked. */
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
      if (connection.transport.open && now - at < moveTimeoutMs) continue;
      this.#asked.delete(id);
      this.#settled.add(connection);
    }
  }
}
