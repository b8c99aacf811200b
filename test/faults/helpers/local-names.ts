import { lookup, type LookupOptions } from "node:dns";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTemporaryDirectory, temporaryDirectory } from "../../../ops/process/temporary-directory";

type Answered = (error: NodeJS.ErrnoException | null, address: never, family?: number) => void;

/**
 * Resolves every name of a domain to this machine, as a private DNS zone would: for processes with {@link env}, and for sockets
 * of this process with `lookup`.
 */
export class LocalNames {
  readonly #directory = temporaryDirectory("holdfast-names-");

  constructor(private readonly domain: string) {
    writeFileSync(this.#file, preloaded(domain));
  }

  /** Environment for another process. */
  get env(): { readonly NODE_OPTIONS: string } {
    return { NODE_OPTIONS: `--require ${this.#file}` };
  }

  /** Replaces `dns.lookup`. */
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
