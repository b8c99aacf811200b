import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** The port that marks a block as in use; no pod or Service uses it. */
const claimPort = 61_999;

/**
 * A block of loopback addresses, 127.x.y.1 to 127.x.y.254, that only this process assigns. Each pod and each Service gets its own
 * address, so that all keep their ports. Only Linux routes all of 127.0.0.0/8 to the machine itself.
 */
export class Subnet {
  readonly #claim: Server;
  readonly #prefix: string;
  /** Freed addresses are added at the end, so that a recently used address is assigned again as late as possible. */
  readonly #free: string[];

  private constructor(claim: Server, prefix: string) {
    this.#claim = claim;
    this.#prefix = prefix;
    // .1 is used for the listener that marks the block.
    this.#free = Array.from({ length: 253 }, (_, index) => `${prefix}.${index + 2}`);
  }

  /**
   * Takes a block that no other run on this machine uses. The process marks it with a listener, so the block is free again when
   * the process ends.
   */
  static async claim(random: () => number = Math.random): Promise<Subnet> {
    // 127.0 is for general use, and 127.1 is for clients: pods and Services use 127.2 to 127.254.
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

  /** Assigns an address. Throws if all 253 are in use. */
  take(): string {
    const address = this.#free.shift();
    if (address === undefined) throw new Error(`all addresses of ${this.#prefix}.0/24 are in use`);
    return address;
  }

  /** Frees an address. */
  give(address: string): void {
    this.#free.push(address);
  }

  /** Frees the block. */
  release(): void {
    this.#claim.close();
  }
}
