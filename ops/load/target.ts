import type { Entry } from "./journal";

/** A way into one service. */
export interface Target {
  readonly service: string;
  readonly entry: Entry;
  /** `ws://host:port/path`, to which `/chat/<room>` is added. */
  readonly url: string;
  /** The Host header, where the URL names an address; default the URL's own. */
  readonly host?: string;
  /**
   * The first two numbers of a local network, such as 127.1: each client connects from an address of its own in it, so
   * that it is another one to the Service. Default: the system's choice, the same for all.
   */
  readonly clientNetwork?: string;
}

/** A client's own address at the target; undefined where the system chooses. */
export function clientAddress({ clientNetwork }: Target, client: number): string | undefined {
  return clientNetwork && `${clientNetwork}.${Math.floor(client / 250)}.${(client % 250) + 1}`;
}
