import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** The purpose of a pod's connection to Redis: a connection that has subscribed is a subscriber. */
export type LinkKind = "subscriber" | "commands";

/** ioredis sends commands in lower case; only a subscriber sends this one. */
const subscribes = /\bssubscribe\b/i;

/**
 * The network between a pod and its Redis, with its faults. Held data is neither lost nor reordered, because TCP repeats what was
 * dropped: it arrives late, or the connection ends first.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #held = new Set<LinkKind>();
  readonly #delayMs = new Map<LinkKind, number>();

  private constructor(private target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The URL of the target, through this proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.host = `127.0.0.1:${this.port}`;
    return changed.href;
  }

  /** A partition: from now on nothing passes on connections of this kind, including later ones. */
  hold(...kinds: LinkKind[]): void {
    for (const kind of kinds) this.#held.add(kind);
  }

  /** The partition is over; held data passes. */
  release(): void {
    this.#held.clear();
    for (const link of this.#links) link.resume();
  }

  /** Half-open: present connections of this kind stay open but nothing passes on them; new ones work. */
  freeze(...kinds: LinkKind[]): number {
    const frozen = [...this.#links].filter(({ kind }) => kinds.includes(kind));
    for (const link of frozen) link.freeze();
    return frozen.length;
  }

  /** Delays what Redis sends. Milliseconds; 0 ends the delay. */
  delay(ms: number, ...kinds: LinkKind[]): void {
    for (const kind of kinds) this.#delayMs.set(kind, ms);
  }

  /** Ends connections of this kind on both sides, without a close. */
  cut(...kinds: LinkKind[]): void {
    for (const link of [...this.#links]) if (kinds.includes(link.kind)) link.end();
  }

  /** The name leads to another server now: new connections go there, older ones stay. */
  redirect(target: { readonly host: string; readonly port: number }): void {
    this.target = target;
  }

  async stop(): Promise<void> {
    for (const link of [...this.#links]) link.end();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    const link: Link = new Link(client, connect(this.target), {
      isHeld: (kind) => this.#held.has(kind),
      delayMs: (kind) => this.#delayMs.get(kind) ?? 0,
      ended: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }
}

interface LinkConditions {
  isHeld(kind: LinkKind): boolean;
  delayMs(kind: LinkKind): number;
  ended(): void;
}

/** One connection through the proxy. */
class Link {
  kind: LinkKind = "commands";
  /** Data that a partition holds, in order. */
  readonly #held: { readonly to: Socket; readonly data: Buffer }[] = [];
  /** Data on its way from Redis, in order: the timers only decide when the next part may pass. */
  readonly #slow: { readonly due: number; readonly data: Buffer }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #frozen = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly conditions: LinkConditions,
  ) {
    client.setNoDelay().on("data", (data: Buffer) => {
      if (subscribes.test(data.toString("latin1"))) this.kind = "subscriber";
      this.#pass(server, data);
    });
    server.setNoDelay().on("data", (data: Buffer) => this.#later(data));
    client.on("error", () => undefined).on("close", () => this.#left());
    server.on("error", () => undefined).on("close", () => this.end());
  }

  resume(): void {
    for (const { to, data } of this.#held.splice(0)) if (!to.destroyed) to.write(data);
    if (this.client.destroyed) this.end();
  }

  freeze(): void {
    this.#frozen = true;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.client.destroy();
    // Redis first reads what was sent before, as with any closing connection.
    this.server.end();
    this.conditions.ended();
  }

  /** A pod that gives up a connection cannot take back what it has sent: Redis executes it after the partition. */
  #left(): void {
    if (this.#held.length === 0) this.end();
  }

  #later(data: Buffer): void {
    this.#slow.push({ due: performance.now() + this.conditions.delayMs(this.kind), data });
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    this.#timer = undefined;
    for (let first; (first = this.#slow[0]) !== undefined; this.#slow.shift()) {
      const wait = first.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#next(), wait);
        return;
      }
      this.#pass(this.client, first.data);
    }
  }

  #pass(to: Socket, data: Buffer): void {
    if (this.#frozen) return;
    if (this.conditions.isHeld(this.kind) || this.#held.length > 0) this.#held.push({ to, data });
    else if (!to.destroyed) to.write(data);
  }
}
