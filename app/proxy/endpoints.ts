import { lookup } from "node:dns/promises";
import { hostAndPort } from "./host-and-port";

/** A pod that can be dialled now. */
export interface ReadyPod {
  /** `host:port`. */
  readonly address: string;
  /** Whether a rolling update is known to replace it. */
  readonly outdated: boolean;
}

/** Finds the pods that can be dialled now. Rejects where they cannot be told. */
export type Discovery = () => Promise<readonly ReadyPod[]>;

/** Who tells where the pods are. */
export interface PodSource {
  readonly discover: Discovery;
  /** Where it has to follow something for that. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/**
 * How long an answer of DNS is used, so that many clients that lost their pod cause one query. Shorter than the 5 s for which CoreDNS answers
 * the same (https://coredns.io/plugins/kubernetes/, `ttl`), so it adds little to them. Milliseconds.
 */
const lookupMs = 500;

/** For how long an address that could not be dialled, or cut a socket, comes last. Milliseconds. */
const failedMs = 2_000;

/** For how long a pod that sends its clients to others comes last: until those that it has asked are there. Milliseconds. */
const crowdedMs = 5_000;

/** For how long a pod that said it goes comes last: most are gone by then, and their addresses with them. Milliseconds. */
const leavingMs = 60_000;

/**
 * All addresses behind names. A headless Service has a record for each ready pod, so its name is all that is needed;
 * an address stands for itself. DNS does not tell of pod templates, so no pod is known to be outdated.
 *
 * @param upstreams `host:port` each
 */
export function dnsDiscovery(upstreams: readonly string[]): Discovery {
  let answer: { readonly at: number; readonly pods: Promise<readonly ReadyPod[]> } | undefined;
  return () => {
    const now = performance.now();
    if (!answer || now - answer.at > lookupMs) answer = { at: now, pods: resolveAll(upstreams) };
    return answer.pods;
  };
}

async function resolveAll(upstreams: readonly string[]): Promise<readonly ReadyPod[]> {
  const addresses = await Promise.all(
    upstreams.map(async (upstream) => {
      const { hostname, port } = new URL(`ws://${upstream}`);
      try {
        const found = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
        return found.map(({ address }) => hostAndPort(address, port || "80"));
      } catch (error) {
        // No ready pod: a headless Service then has no name.
        if (["ENOTFOUND", "ENODATA"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    }),
  );
  return [...new Set(addresses.flat())].map((address) => ({ address, outdated: false }));
}

/** An address in use; released once. */
export interface Lease {
  readonly address: string;
  release(): void;
}

interface Endpoint {
  readonly address: string;
  /** Sockets of this proxy on it, those being opened included, so that many clients spread while they connect. */
  sockets: number;
  /** The most sockets that it had at once. */
  mostSockets: number;
  /** Until then it is chosen last. */
  avoidedUntil: number;
}

/** The pods of the service as this proxy knows them: which one the next socket goes to. */
export class Endpoints {
  readonly #discover: Discovery;
  readonly #now: () => number;
  readonly #known = new Map<string, Endpoint>();

  constructor(discover: Discovery, now: () => number = () => performance.now()) {
    this.#discover = discover;
    this.#now = now;
  }

  /**
   * An address that was not tried yet: of those not avoided the one with the fewest sockets; undefined without any.
   *
   * @param moves whether the client had a pod before: in a rolling update it prefers a new one, or it would move again
   */
  async take(tried: ReadonlySet<string>, moves = false): Promise<Lease | undefined> {
    const pods = await this.#discover();
    this.#forgetAllBut(pods.map(({ address }) => address));
    const now = this.#now();
    const candidates = pods
      .filter(({ address }) => !tried.has(address))
      .map(({ address, outdated }) => ({ outdated, endpoint: this.#endpoint(address) }));
    const all = candidates.map(({ endpoint }) => endpoint);
    const current = candidates.filter(({ outdated }) => !outdated).map(({ endpoint }) => endpoint);
    const lasting = moves && current.length < all.length ? this.#withRoom(current, now) : [];
    const endpoint = chooseEndpoint(lasting.length > 0 ? lasting : all, now, Math.random);
    return endpoint && this.#lease(endpoint);
  }

  /**
   * Of these endpoints those that may be preferred to emptier ones: the first new pod would get all clients of a service
   * whose other pods die. What a pod of the service has held already, a new one can hold.
   */
  #withRoom(endpoints: readonly Endpoint[], now: number): Endpoint[] {
    const mostHeld = Math.max(...[...this.#known.values()].map(({ mostSockets }) => mostSockets));
    return endpoints.filter(({ sockets, avoidedUntil }) => avoidedUntil <= now && sockets < mostHeld);
  }

  /** All pods that can be dialled now. */
  async addresses(): Promise<readonly string[]> {
    return (await this.#discover()).map(({ address }) => address);
  }

  /** This address, whatever is known of it: a pod that is not ready any more may still have what only it has. */
  use(address: string): Lease {
    return this.#lease(this.#endpoint(address));
  }

  #lease(endpoint: Endpoint): Lease {
    endpoint.sockets += 1;
    endpoint.mostSockets = Math.max(endpoint.mostSockets, endpoint.sockets);
    let released = false;
    return {
      address: endpoint.address,
      release: () => {
        if (!released) endpoint.sockets -= 1;
        released = true;
      },
    };
  }

  /**
   * The proxy could not connect to it, or a socket to it was cut: of a pod that died no socket is left, so that clients looking for
   * the fewest would try it first.
   */
  failed(address: string): void {
    this.#avoid(address, failedMs);
  }

  /** It has more clients than the other pods of the service. */
  crowded(address: string): void {
    this.#avoid(address, crowdedMs);
  }

  /** It has said that it goes. */
  leaving(address: string): void {
    this.#avoid(address, leavingMs);
  }

  #avoid(address: string, ms: number): void {
    const endpoint = this.#endpoint(address);
    endpoint.avoidedUntil = Math.max(endpoint.avoidedUntil, this.#now() + ms);
  }

  #endpoint(address: string): Endpoint {
    const known = this.#known.get(address) ?? { address, sockets: 0, mostSockets: 0, avoidedUntil: 0 };
    this.#known.set(address, known);
    return known;
  }

  #forgetAllBut(addresses: readonly string[]): void {
    for (const [address, { sockets, avoidedUntil }] of this.#known) {
      if (sockets === 0 && avoidedUntil <= this.#now() && !addresses.includes(address))
        this.#known.delete(address);
    }
  }
}

/** The least loaded that is not avoided, else the least loaded; among equals at random, or all proxies choose the same. */
export function chooseEndpoint<Candidate extends Pick<Endpoint, "sockets" | "avoidedUntil">>(
  candidates: readonly Candidate[],
  now: number,
  random: () => number,
): Candidate | undefined {
  const preferred = candidates.filter(({ avoidedUntil }) => avoidedUntil <= now);
  const choice = preferred.length > 0 ? preferred : candidates;
  const fewest = Math.min(...choice.map(({ sockets }) => sockets));
  const equals = choice.filter(({ sockets }) => sockets === fewest);
  return equals[Math.floor(random() * equals.length)];
}
