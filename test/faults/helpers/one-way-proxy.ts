import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Seen from whoever connects. */
export type Direction = "there" | "back";

interface Way {
  readonly to: Socket;
  readonly held: Buffer[];
  /** The sender is gone; the receiver learns of it behind what is held. */
  ended: boolean;
}

/**
 * A network whose connections can fall silent in one direction, as behind a NAT that has forgotten them: neither bytes
 * nor ends of connections pass there. What was held passes when it heals, as TCP sends again what was dropped.
 */
export class OneWayProxy {
  readonly #server: Server;
  readonly #ways = new Map<Direction, Set<Way>>([
    ["there", new Set()],
    ["back", new Set()],
  ]);
  readonly #silent = new Set<Direction>();

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<OneWayProxy> {
    const proxy = new OneWayProxy(target);
    await proxy.up(0);
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on nothing passes there, also on connections that are opened later. */
  silence(...directions: Direction[]): void {
    for (const direction of directions) this.#silent.add(direction);
  }

  heal(): void {
    this.#silent.clear();
    for (const ways of this.#ways.values()) for (const way of ways) this.#flush(way);
  }

  /** Listens again, where it did before. */
  async up(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Cuts every connection, and refuses new ones. */
  async down(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const ways of this.#ways.values()) {
      for (const { to } of ways) to.destroy();
      ways.clear();
    }
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect(this.target);
    this.#lead("there", client, server);
    this.#lead("back", server, client);
  }

  #lead(direction: Direction, from: Socket, to: Socket): void {
    const way: Way = { to, held: [], ended: false };
    this.#ways.get(direction)?.add(way);
    from.setNoDelay().on("error", () => undefined);
    from.on("data", (data: Buffer) => {
      way.held.push(data);
      if (!this.#silent.has(direction)) this.#flush(way);
    });
    from.on("close", () => {
      way.ended = true;
      if (!this.#silent.has(direction)) this.#flush(way);
    });
    to.on("close", () => this.#ways.get(direction)?.delete(way));
  }

  #flush({ to, held, ended }: Way): void {
    for (const data of held.splice(0)) if (!to.destroyed) to.write(data);
    if (ended) to.end(() => to.destroy());
  }
}
