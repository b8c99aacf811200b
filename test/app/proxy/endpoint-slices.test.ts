import { createServer, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { pino } from "pino";
import { addressesOf, EndpointSlices, type Slice } from "../../../app/proxy/endpoint-slices";
import { serviceNameOf } from "../../../app/proxy/service-name";
import { until } from "./helpers";

type Endpoint = Slice["endpoints"][number];

const service = { name: "chat-pods", namespace: "nova", port: 8080 };

function slice(name: string, resourceVersion: number, endpoints: Endpoint[]): Slice {
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

const pod = (address: string, ready?: boolean): Endpoint => ({
  addresses: [address],
  ...(ready !== undefined && { conditions: { ready } }),
});

/** The API server's answers to a list and a watch of EndpointSlices, which is all that it is asked for here. */
class ApiServer {
  readonly asked: string[] = [];
  readonly watches = new Set<ServerResponse>();
  slices: Slice[] = [];
  version = 1;
  /** What it answers instead of serving. */
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

  tell(type: "ADDED" | "MODIFIED" | "DELETED", object: Slice): void {
    for (const watch of this.watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** As at the end of each watch's time, and of the API server itself. */
  endWatches(): void {
    for (const watch of this.watches) watch.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

describe("EndpointSlices", () => {
  let api: ApiServer;
  let slices: EndpointSlices;
  beforeEach(async () => {
    api = await ApiServer.start();
    slices = new EndpointSlices(
      service,
      () => Promise.resolve(["dns:8080"]),
      pino({ level: "silent" }),
      api.config,
    );
  });
  afterEach(async () => {
    await slices.stop();
    await api.stop();
  });

  async function knows(expected: readonly string[]): Promise<void> {
    let known: readonly string[] = [];
    await until(
      async () => {
        known = await slices.discover();
        return known.join() === expected.join();
      },
      () => `${known.join()} instead of ${expected.join()}`,
    );
  }

  it("tell the ready pods of one Service, and each change as it comes", async () => {
    api.slices = [slice("a", 1, [pod("10.0.0.1", true), pod("10.0.0.2", false), pod("10.0.0.3")])];
    await slices.start();
    expect(await slices.discover()).toEqual(["10.0.0.1:8080", "10.0.0.3:8080"]);
    expect(api.asked[0]).toBe(
      "/apis/discovery.k8s.io/v1/namespaces/nova/endpointslices?kubernetes.io/service-name=chat-pods",
    );

    await until(
      () => api.watches.size === 1,
      () => "watched",
    );
    api.tell("ADDED", slice("b", 2, [pod("10.0.0.4", true)]));
    await knows(["10.0.0.1:8080", "10.0.0.3:8080", "10.0.0.4:8080"]);
    api.tell("MODIFIED", slice("a", 3, [pod("10.0.0.1", false)]));
    await knows(["10.0.0.4:8080"]);
    api.tell("DELETED", slice("b", 4, []));
    await knows([]);
  });

  it("are watched again when a watch ends", async () => {
    await slices.start();
    await until(
      () => api.watches.size === 1,
      () => "watched",
    );
    const asked = api.asked.length;
    api.endWatches();
    await until(
      () => api.asked.length > asked && api.watches.size === 1,
      () => "watched again",
    );
    api.tell("ADDED", slice("a", 2, [pod("10.0.0.1", true)]));
    await knows(["10.0.0.1:8080"]);
  });

  it.each([401, 403, 500])(
    "leave it to DNS while the answer is %i, and go on once it is not",
    async (status) => {
      api.refusal = status;
      api.slices = [slice("a", 1, [pod("10.0.0.1", true)])];
      expect(await slices.discover()).toEqual(["dns:8080"]); // before anything is known
      await slices.start();
      expect(await slices.discover()).toEqual(["dns:8080"]);
      api.refusal = undefined;
      await knows(["10.0.0.1:8080"]);
      api.refusal = status;
      api.endWatches();
      await knows(["dns:8080"]);
    },
  );

  it("leave it to DNS where there is no API server", async () => {
    await api.stop();
    await slices.start();
    expect(await slices.discover()).toEqual(["dns:8080"]);
    api = await ApiServer.start(); // for what comes after each test
  });
});

describe("addressesOf", () => {
  it("names an address once, whatever slices hold it, and IPv6 in brackets", () => {
    const both = [slice("a", 1, [pod("10.0.0.1")]), slice("b", 1, [pod("10.0.0.1"), pod("fd00::1")])];
    expect(addressesOf(both, service)).toEqual(["10.0.0.1:8080", "[fd00::1]:8080"]);
  });
});

describe("serviceNameOf", () => {
  it.each([
    ["chat-pods.nova.svc:8080", service],
    ["chat-pods.nova.svc.cluster.local:8080", service],
    ["chat-pods:8080", undefined],
    ["10.0.0.1:8080", undefined],
    ["chat.example.com:80", undefined],
  ])("reads %s", (upstream, expected) => {
    expect(serviceNameOf(upstream)).toEqual(expected);
  });
});
