import type { Peer } from "./peer";

export interface CentrifugeOptions {
  /** `ws://…/connection/websocket` of a server that runs already. */
  readonly url: string;
  /** Its process, where it runs on this machine: without it, neither CPU nor memory is measured. */
  readonly pid?: number | undefined;
  /** The JWT of each connection; without it the server must accept clients without a token. */
  readonly token?: string | undefined;
}

/** A server of Centrifuge or Centrifugo that somebody else started: it is neither in this repository nor of npm. */
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
