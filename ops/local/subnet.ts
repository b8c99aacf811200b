import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Where the claim on a block listens; no pod or Service uses it. */
const claimPort = 61_999;

/**
 * A block of loopback addresses, 127.x.y.1 to 127.x.y.254, that this process alone hands out. Each pod and
 * each Service gets an address of its own, so that all keep their ports. Only Linux routes the whole of
 * 127.0.0.0/8 to itself.
 */
export class Subnet {
  readonly #claim: Server;
  readonly #prefix: string;
  /** Freed addresses return at the end: one that was just in use is taken again as late as possible. */
  readonly #free: string[];

  private constructor(claim: Server, prefix: string) {
    this.#claim = claim;
    this.#prefix = prefix;
    // .1 holds the claim.
    this.#free = Array.from({ length: 253 }, (_, index) => `${prefix}.${index + 2}`);
  }

  /** Takes a block that no other run on this machine uses. The listening claim frees itself with the process. */
  static async claim(random: () => number = Math.random): Promise<Subnet> {
    // 127.0 is everybody's, 127.1 belongs to the clients: pods and Services live in 127.2 to 127.254.
    for (let attempt = 0; attempt < 50; attempt++) {
      const prefix = `127.${2 + Math.floor(random() * 253)}.${Math.floor(random() * 256)}`;
      const server = createServer();
      try {
        server.listen(claimPort, `${prefix}.1`);
        await once(server, "listening");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") continue;
        throw new Error(
          `cannot listen on ${prefix}.1 (${String(error)}); the local runner needs all of 127.0.0.0/8, which Linux provides`,
          { cause: error },
        );
      }
      return new Subnet(server.unref(), prefix);
    }
    throw new Error("found no free block of loopback addresses in 50 attempts");
  }

  /** Hands out an address. Throws when all 253 are in use. */
  take(): string {
    const address = this.#free.shift();
    if (address === undefined) throw new Error(`all addresses of ${this.#prefix}.0/24 are in use`);
    return address;
  }

  /** Takes an address back. */
  give(address: string): void {
    this.#free.push(address);
  }

  /** Gives the block up. */
  release(): void {
    this.#claim.close();
  }
}
