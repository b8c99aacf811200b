import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Api } from "../../kubernetes/api";
import { forward, type PodPort } from "../../kubernetes/port-forward";

/** The longest time to open a connection. Milliseconds. */
const dialMs = 10_000;

/** A route to an HTTP server. */
export interface Route {
  /** The route, for people. */
  readonly via: string;
  /** The host in the requests. */
  readonly host: string;
  readonly dial: () => Promise<Duplex>;
}

/** A route to a port of a pod, through the API server. */
export function routeToPod(api: Api, target: PodPort, host: string, tls: boolean): Route {
  return {
    via: `through the API server to ${target.namespace}/${target.pod}:${target.port}`,
    host,
    dial: async () => {
      const stream = await forward(api, target);
      // The certificate belongs to the public address, which is not checked here.
      return tls ? connectTls({ socket: stream, servername: host, rejectUnauthorized: false }) : stream;
    },
  };
}

/** A route to an address that clients use. */
export function routeToAddress(edge: URL, host: string): Route {
  const tls = edge.protocol === "https:" || edge.protocol === "wss:";
  const port = Number(edge.port || (tls ? 443 : 80));
  return {
    via: `by ${edge.origin}`,
    host,
    dial: () =>
      new Promise((resolve, reject) => {
        const socket = tls
          ? connectTls({ host: edge.hostname, port, servername: host })
          : connect({ host: edge.hostname, port });
        socket.setTimeout(dialMs, () =>
          socket.destroy(new Error(`${edge.origin} does not answer in ${dialMs / 1_000} s`)),
        );
        socket.once("error", reject);
        socket.once(tls ? "secureConnect" : "connect", () => {
          socket.setTimeout(0);
          socket.off("error", reject);
          resolve(socket);
        });
      }),
  };
}
