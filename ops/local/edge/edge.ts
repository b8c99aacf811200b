import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Endpoint } from "../endpoints";
import { relay } from "../relay";
import { Balancer, type Choice } from "./balancer";
import { readCookie, setCookie } from "./cookie-affinity";
import { endToEndHeaders, forwardedHeaders, type Header, headersOf, responseHead } from "./headers";
import { findRoute, type Route } from "./routes";

export interface EdgeArgs {
  readonly routes: readonly Route[];
  /** The present ready endpoints of a Service port. */
  readonly endpoints: (service: string, port: string | number) => readonly Endpoint[];
  readonly host: string;
  /** 0 uses a free port. */
  readonly port: number;
}

/** One try of a request at one endpoint. */
interface Attempt {
  readonly outgoing: ClientRequest;
  /** The Set-Cookie header, if this endpoint was newly chosen. */
  readonly cookie: readonly Header[];
  /** The longest silence of an open tunnel. Milliseconds. */
  readonly idleMs: number;
}

/** nginx tries this many endpoints before it fails (ingress-nginx: proxy-next-upstream-tries). */
const maxTries = 3;

/** nginx' default keepalive_timeout. Milliseconds. */
const keepAliveTimeout = 75_000;

/**
 * An L7 edge on one listener that interprets an Ingress as ingress-nginx does: host and path routing, cookie affinity, upgrades.
 * It connects directly to the ready endpoints, so the Service's own affinity does not apply, and it buffers nothing.
 */
export class Edge {
  readonly #args: EdgeArgs;
  readonly #server: Server;
  readonly #balancers = new Map<string, Balancer>();
  readonly #tunnels = new Set<Socket>();

  private constructor(args: EdgeArgs) {
    this.#args = args;
    this.#server = createServer({ keepAliveTimeout }, (incoming, response) =>
      this.#serve(incoming, response),
    );
    this.#server.on("upgrade", (incoming, socket: Socket, head) => this.#upgrade(incoming, socket, head));
    this.#server.listen(args.port, args.host);
  }

  /** Resolves once the edge listens. Rejects with the address in the message if the address is in use. */
  static async listen(args: EdgeArgs): Promise<Edge> {
    const edge = new Edge(args);
    try {
      await once(edge.#server, "listening");
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(
        `the edge cannot listen on ${args.host}:${args.port}, free the port first: ${message}`,
        { cause },
      );
    }
    return edge;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes the listener and cuts the open connections. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#tunnels) socket.destroy();
    await closed;
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const refuse = (status: number) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(status).end();
    };
    const headers = Object.fromEntries(endToEndHeaders(incoming));
    this.#forward(incoming, headers, refuse, ({ outgoing, cookie }) => {
      outgoing.once("socket", (pod) => pod.once("connect", () => incoming.pipe(outgoing)));
      outgoing.once("response", (answer) => {
        response.writeHead(answer.statusCode ?? 502, [...endToEndHeaders(answer), ...cookie].flat());
        answer.pipe(response);
        answer.once("error", () => response.destroy());
      });
      response.once("close", () => outgoing.destroy());
    });
  }

  #upgrade(incoming: IncomingMessage, client: Socket, head: Buffer): void {
    client.on("error", () => client.destroy());
    const refuse = (status: number) => client.end(responseHead(status, [["Connection", "close"]]));
    this.#forward(incoming, incoming.headers, refuse, ({ outgoing, cookie, idleMs }) => {
      const abandon = () => outgoing.destroy();
      client.once("close", abandon);
      outgoing.once("response", (answer) => {
        const headers: Header[] = [...endToEndHeaders(answer), ...cookie, ["Connection", "close"]];
        client.write(responseHead(answer.statusCode ?? 502, headers));
        answer.pipe(client);
      });
      outgoing.once("upgrade", (answer, pod: Socket, first: Buffer) => {
        client.removeListener("close", abandon);
        client.write(responseHead(101, [...headersOf(answer), ...cookie]));
        client.write(first);
        pod.write(head);
        this.#tunnel(client, pod, idleMs);
      });
      outgoing.end();
    });
  }

  /**
   * Opens a request at an endpoint, and at the next one if that cannot be reached. Calls `use` for each attempt, and `refuse`
   * with the status if no endpoint is left.
   */
  #forward(
    incoming: IncomingMessage,
    headers: OutgoingHttpHeaders,
    refuse: (status: number) => void,
    use: (attempt: Attempt) => void,
  ): void {
    const route = this.#routeOf(incoming);
    if (route === undefined) {
      refuse(404);
      return;
    }
    const attempt = (failed: readonly Endpoint[]): void => {
      const choice = this.#choose(route, incoming, failed);
      if (choice === undefined) {
        refuse(failed.length > 0 ? 502 : 503);
        return;
      }
      const { address: host, port } = choice.endpoint;
      const { method, url: path } = incoming;
      const all = { ...headers, ...forwardedHeaders(incoming) };
      const outgoing = request({
        host,
        port,
        method,
        path,
        headers: all,
        agent: false,
        timeout: route.idleMs,
      });
      let connected = false;
      outgoing.once("socket", (pod) => pod.setNoDelay(true).once("connect", () => (connected = true)));
      outgoing.once("timeout", () => outgoing.destroy(new Error("the pod was silent for too long")));
      outgoing.once("error", () => {
        if (incoming.socket.destroyed) return;
        // A request that was sent is never sent again, because the pod may have acted on it.
        if (!connected && failed.length + 1 < maxTries) attempt([...failed, choice.endpoint]);
        else refuse(502);
      });
      use({ outgoing, cookie: cookieHeader(route, choice), idleMs: route.idleMs });
    };
    attempt([]);
  }

  #tunnel(client: Socket, pod: Socket, idleMs: number): void {
    this.#tunnels.add(client);
    client.once("close", () => this.#tunnels.delete(client));
    client.setNoDelay(true).setTimeout(0);
    // The traffic of both directions passes the pod's socket, so its silence is the silence of the tunnel.
    pod.setTimeout(idleMs, () => client.destroy());
    relay(client, pod);
  }

  #routeOf(incoming: IncomingMessage): Route | undefined {
    const path = (incoming.url ?? "/").replace(/\?.*$/s, "");
    return findRoute(this.#args.routes, incoming.headers.host ?? "", path);
  }

  #choose(route: Route, incoming: IncomingMessage, failed: readonly Endpoint[]): Choice | undefined {
    const { service, port, affinity } = route;
    const key = `${service}:${port}`;
    const balancer = this.#balancers.get(key) ?? new Balancer();
    this.#balancers.set(key, balancer);
    const cookie = affinity && readCookie(incoming.headers.cookie, affinity.name);
    return balancer.choose({ endpoints: this.#args.endpoints(service, port), affinity, cookie, failed });
  }
}

function cookieHeader({ affinity, path }: Route, { endpoint, setsCookie }: Choice): Header[] {
  return affinity && setsCookie ? [["Set-Cookie", setCookie(affinity, path, endpoint)]] : [];
}
