import { lookup, type LookupOptions } from "node:dns";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTemporaryDirectory, temporaryDirectory } from "../../../ops/process/temporary-directory";

type Answered = (error: NodeJS.ErrnoException | null, address: never, family?: number) => void;

/**
 * Has every name below a domain lead to this machine, as a private zone would: for the processes that it is told to, and
 * for sockets of this one that take `lookup`.
 */
export class LocalNames {
  readonly #directory = temporaryDirectory("holdfast-names-");

  constructor(private readonly domain: string) {
    writeFileSync(this.#file, preloaded(domain));
  }

  /** For another process' environment. */
  get env(): { readonly NODE_OPTIONS: string } {
    return { NODE_OPTIONS: `--require ${this.#file}` };
  }

  /** In place of `dns.lookup`. */
  readonly lookup = (hostname: string, options: LookupOptions, answer: Answered): void => {
    const host = hostname.endsWith(`.${this.domain}`) ? "127.0.0.1" : hostname;
    lookup(host, options, answer as never);
  };

  remove(): void {
    removeTemporaryDirectory(this.#directory);
  }

  get #file(): string {
    return join(this.#directory, "names.cjs");
  }
}

function preloaded(domain: string): string {
  return `
const dns = require("node:dns");
const { lookup } = dns;
dns.lookup = (hostname, ...rest) =>
  lookup(hostname.endsWith(${JSON.stringify(`.${domain}`)}) ? "127.0.0.1" : hostname, ...rest);
`;
}
