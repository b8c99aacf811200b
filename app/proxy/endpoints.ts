import { lookup } from "node:dns/promises";
import { hostAndPort } from "./host-and-port";

/** A pod that can be dialled now. */
export interface ReadyPod {
  /** `host:port`. */
  readonly address: string;
  /** Whether a rolling update is about to replace it, as far as the proxy knows. */
  readonly outdated: boolean;
}

/** Finds the pods that can be dialled now. Rejects if they cannot be found. */
export type Discovery = () => Promise<readonly ReadyPod[]>;

/** A source of the pods' addresses. */
export interface PodSource {
  readonly discover: Discovery;
  /** Starts a watch, if the source needs one. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/**
 * How long an answer of DNS is reused, so that many clients that lost their pod cause one query. It is shorter than the 5 s for
 * which CoreDNS caches an answer (https://coredns.io/plugins/kubernetes/, `ttl`), so it adds little to them. Milliseconds.
 */
const lookupMs = 500;

/** How long an address is chosen last after it could not be dialled, or cut a socket. Milliseconds. */
const failedMs = 2_000;

/** How long a pod is chosen last after it has asked clients to move to others: until they have moved. Milliseconds. */
const overloadedMs = 5_000;

/** How long a pod is chosen last after it has announced its end. Most are gone by then, with their addresses. Milliseconds. */
const leavingMs = 60_000;

/**
 * Resolves host names to all of their addresses. A headless Service has a record for each ready pod, so its name is enough; an
 * address is used as it is. DNS does not report pod templates, so no pod counts as outdated.
 *
 * @param upstreams list of `host:port`
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
        // A headless Service without a ready pod has no DNS name.
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
  /** This proxy's sockets to it, including those that are being opened, so that clients which connect at the same time spread. */
  sockets: number;
  /** The most sockets that it had at the same time. */
  mostSockets: number;
  /** It is chosen last until this time. */
  avoidedUntil: number;
}

/** The pods of the service, as this proxy knows them. Chooses the pod for the next socket. */
export class Endpoints {
  readonly #discover: Discovery;
  readonly #now: () => number;
  readonly #known = new Map<string, Endpoint>();

  constructor(discover: Discovery, now: () => number = () => performance.now()) {
    this.#discover = discover;
    this.#now = now;
  }

  /**
   * Chooses an address that was not tried yet: among those that are not avoided, the one with the fewest sockets. Undefined if
   * there is none.
   *
   * @param moves whether the client had a pod before: during a rolling update it then prefers a new pod, so that it need not move
   * again
   */
  async take(tried: ReadonlySet<string>, moves = false): Promise<Lease | undefined> {
    const pods = await this.#discover();
    this.#removeUnused(pods.map(({ address }) => address));
    const now = this.#now();
    const candidates = pods
      .filter(({ address }) => !tried.has(address))
      .map(({ address, outdated }) => ({ outdated, endpoint: this.#endpoint(address) }));
    const all = candidates.map(({ endpoint }) => endpoint);
    const current = candidates.filter(({ outdated }) => !outdated).map(({ endpoint }) => endpoint);
    const lasting = moves && current.length < all.length ? this.#withCapacity(current, now) : [];
    const endpoint = chooseEndpoint(lasting.length > 0 ? lasting : all, now, Math.random);
    return endpoint && this.#lease(endpoint);
  }

  /**
   * Of these endpoints, those that may be preferred although others have fewer sockets. Without this limit, the first new pod
   * would get all clients of a service whose other pods fail. A new pod can hold as many sockets as a pod of the service has
   * already held.
   */
  #withCapacity(endpoints: readonly Endpoint[], now: number): Endpoint[] {
    const mostHeld = Math.max(...[...this.#known.values()].map(({ mostSockets }) => mostSockets));
    return endpoints.filter(({ sockets, avoidedUntil }) => avoidedUntil <= now && sockets < mostHeld);
  }

  /** All pods that can be dialled now. */
  async addresses(): Promise<readonly string[]> {
    return (await this.#discover()).map(({ address }) => address);
  }

  /** Uses this address, whatever its state: a pod that is no longer ready may still have a session that no other pod has. */
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
   * The proxy could not connect to the address, or a socket to it was cut. A pod that crashed has no sockets left, so clients
   * that look for the fewest sockets would try it first.
   */
  failed(address: string): void {
    this.#avoid(address, failedMs);
  }

  /** The pod has more clients than the other pods of the service. */
  overloaded(address: string): void {
    this.#avoid(address, overloadedMs);
  }

  /** The pod has announced its end. */
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

  #removeUnused(addresses: readonly string[]): void {
    for (const [address, { sockets, avoidedUntil }] of this.#known) {
      if (sockets === 0 && avoidedUntil <= this.#now() && !addresses.includes(address))
        this.#known.delete(address);
    }
  }
}

/**
 * The least loaded endpoint that is not avoided, otherwise the least loaded one. Among equals it chooses at random, because
 * otherwise all proxies would choose the same.
 */
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
