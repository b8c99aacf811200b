import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

import { now } from "../process/clock";
import { ClientIpAffinity, pickRandom } from "./client-ip";
import type { Endpoint } from "./endpoints";
import { nameOf, type Service } from "./manifest";
import { relay } from "./relay";

/** The present ready endpoints of one of the Service's ports. */
export type EndpointSource = (service: Service, targetPort: string | number) => readonly Endpoint[];

/**
 * A Service's virtual address: a listener for each port, which passes each connection on to a ready endpoint. As kube-proxy does,
 * it does not interpret the traffic, shows the client's own address to the pod, and keeps established connections when their
 * endpoint is removed.
 */
export class ServiceProxy {
  readonly name: string;
  readonly address: string;
  /** Service ports by name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();

  private constructor(manifest: Service, address: string, endpoints: EndpointSource) {
    const ports = manifest.spec?.ports ?? [];
    this.name = nameOf(manifest);
    this.address = address;
    this.ports = Object.fromEntries(ports.map(({ name, port }) => [name ?? String(port), port]));
    const { sessionAffinity, sessionAffinityConfig } = manifest.spec ?? {};
    this.#servers = ports.map(({ port, targetPort = port }) => {
      const affinity =
        sessionAffinity === "ClientIP"
          ? new ClientIpAffinity(sessionAffinityConfig?.clientIP?.timeoutSeconds)
          : undefined;
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
        const ready = endpoints(manifest, targetPort);
        const from = client.remoteAddress ?? "";
        this.#forward(
          client,
          from,
          affinity?.pick(from, ready, now(), Math.random) ?? pickRandom(ready, Math.random),
        );
      });
      return server.listen(port, address);
    });
  }

  /** Resolves once every port of the Service listens at the address. */
  static async listen(manifest: Service, address: string, endpoints: EndpointSource): Promise<ServiceProxy> {
    const proxy = new ServiceProxy(manifest, address, endpoints);
    await Promise.all(proxy.#servers.map((server) => once(server, "listening")));
    return proxy;
  }

  /** Closes the listeners and cuts the open connections. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => once(server, "close"));
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #forward(client: Socket, from: string, endpoint: Endpoint | undefined): void {
    // Without an endpoint, kube-proxy rejects the connection. The client sees a refusal by the pod in the same way.
    if (endpoint === undefined) {
      client.resetAndDestroy();
      return;
    }
    const { address, port } = endpoint;
    const upstream = connect({ host: address, port, localAddress: from, allowHalfOpen: true, noDelay: true });
    this.#sockets.add(client);
    client.once("close", () => this.#sockets.delete(client));
    relay(client, upstream);
  }
}
