import type { Entry } from "./journal";

/** A route to one service. */
export interface Target {
  readonly service: string;
  readonly entry: Entry;
  /** `ws://host:port/path`, to which `/chat/<room>` is added. */
  readonly url: string;
  /** The Host header, if the URL contains an address; default: from the URL. */
  readonly host?: string;
  /**
   * The first two numbers of a local network, such as 127.1: each client connects from its own address in it, so that the Service
   * sees different clients. Default: the system chooses the same address for all.
   */
  readonly clientNetwork?: string;
}

/** A client's own address for the target; undefined if the system chooses it. */
export function clientAddress({ clientNetwork }: Target, client: number): string | undefined {
  return clientNetwork && `${clientNetwork}.${Math.floor(client / 250)}.${(client % 250) + 1}`;
}
