import type { Peer } from "./peer";

export interface CentrifugeOptions {
  /** `ws://…/connection/websocket` of a running server. */
  readonly url: string;
  /** Its process id, if it runs on this machine. Without it, CPU and memory are not measured. */
  readonly pid?: number | undefined;
  /** The JWT of each connection. Without it, the server must accept clients without a token. */
  readonly token?: string | undefined;
}

/** A running Centrifuge or Centrifugo server. The benchmark does not start it, because it is not an npm package. */
export function centrifugePeer({ url, pid, token }: CentrifugeOptions): Peer {
  let isFresh = true;
  return {
    name: "centrifuge",
    protocol: "centrifuge",
    serve() {
      const server = { url, pid, isCollectable: false, isFresh, stop: () => Promise.resolve() };
      isFresh = false;
      return Promise.resolve({ ...server, ...(token !== undefined && { token }) });
    },
  };
}
