import { createServer, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import type { Slice } from "../../../app/proxy/endpoint-slices";

type Endpoint = Slice["endpoints"][number];

/** An EndpointSlice, as the API server returns it. */
export function slice(name: string, resourceVersion: number, endpoints: Endpoint[]): Slice {
  const metadata = { name, namespace: "nova", resourceVersion: String(resourceVersion) };
  const object = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    addressType: "IPv4",
    metadata,
    endpoints,
  };
  return object;
}

/** A pod in an EndpointSlice. */
export const pod = (address: string, ready?: boolean, name?: string): Endpoint => ({
  addresses: [address],
  ...(ready !== undefined && { conditions: { ready } }),
  ...(name !== undefined && { targetRef: { kind: "Pod", name } }),
});

/** The API server's answers to a list and a watch of EndpointSlices; the proxy requests nothing else. */
export class ApiServer {
  readonly asked: string[] = [];
  readonly watches = new Set<ServerResponse>();
  slices: Slice[] = [];
  version = 1;
  /** The status that it answers instead. */
  refusal: number | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://api");
      this.asked.push(`${url.pathname}?${url.searchParams.get("labelSelector")}`);
      if (this.refusal !== undefined) {
        response.writeHead(this.refusal, { "content-type": "application/json" });
        response.end(JSON.stringify({ kind: "Status", code: this.refusal }));
      } else if (url.searchParams.get("watch") === "true") {
        response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
        this.watches.add(response);
        response.on("close", () => this.watches.delete(response));
      } else {
        response.writeHead(200, { "content-type": "application/json" });
        const metadata = { resourceVersion: String(this.version) };
        response.end(JSON.stringify({ kind: "EndpointSliceList", metadata, items: this.slices }));
      }
    });
  }

  static async start(): Promise<ApiServer> {
    const api = new ApiServer();
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  get config(): KubeConfig {
    const config = new KubeConfig();
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    config.loadFromOptions({
      clusters: [{ name: "here", server, skipTLSVerify: true }],
      users: [{ name: "me" }],
      contexts: [{ name: "here", cluster: "here", user: "me" }],
      currentContext: "here",
    });
    return config;
  }

  sendEvent(type: "ADDED" | "MODIFIED" | "DELETED", object: Slice): void {
    for (const watch of this.watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** As at the end of each watch, or of the API server itself. */
  endWatches(): void {
    for (const watch of this.watches) watch.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
