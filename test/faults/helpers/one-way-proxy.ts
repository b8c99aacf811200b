import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** From the view of the connecting side. */
export type Direction = "there" | "back";

interface Pipe {
  readonly to: Socket;
  readonly held: Buffer[];
  /** The sender has closed; the receiver learns of it after the held data. */
  ended: boolean;
}

/**
 * A network whose connections can become silent in one direction, as behind a NAT that has forgotten them: neither bytes nor
 * closes pass there. Held data passes after the network heals, because TCP repeats what was dropped.
 */
export class OneWayProxy {
  readonly #server: Server;
  readonly #pipes = new Map<Direction, Set<Pipe>>([
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

  /** From now on nothing passes in these directions, also on later connections. */
  silence(...directions: Direction[]): void {
    for (const direction of directions) this.#silent.add(direction);
  }

  heal(): void {
    this.#silent.clear();
    for (const pipes of this.#pipes.values()) for (const pipe of pipes) this.#flush(pipe);
  }

  /** Listens again on its old port. */
  async up(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Cuts every connection, and refuses new ones. */
  async down(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const pipes of this.#pipes.values()) {
      for (const { to } of pipes) to.destroy();
      pipes.clear();
    }
    await closed;
  }

  #accept(client: Socket): void {
    const server = connect(this.target);
    this.#lead("there", client, server);
    this.#lead("back", server, client);
  }

  #lead(direction: Direction, from: Socket, to: Socket): void {
    const pipe: Pipe = { to, held: [], ended: false };
    this.#pipes.get(direction)?.add(pipe);
    from.setNoDelay().on("error", () => undefined);
    from.on("data", (data: Buffer) => {
      pipe.held.push(data);
      if (!this.#silent.has(direction)) this.#flush(pipe);
    });
    from.on("close", () => {
      pipe.ended = true;
      if (!this.#silent.has(direction)) this.#flush(pipe);
    });
    to.on("close", () => this.#pipes.get(direction)?.delete(pipe));
  }

  #flush({ to, held, ended }: Pipe): void {
    for (const data of held.splice(0)) if (!to.destroyed) to.write(data);
    if (ended) to.end(() => to.destroy());
  }
}
