import { edgeProperties } from "../../infra/components/edge/properties";
import { gatewayDuration } from "../../infra/components/edge/gateway/component";
import { inputsOf, kindsOf } from "./deployed";
import { affinity, create, edge } from "./edges";
import { issuesOf } from "./config-issues";

const gateway = { kind: "gateway" };
const tls = { secretName: "nova-tls", clusterIssuer: "letsencrypt" };
const attach = { name: "public", namespace: "edge", sectionName: "https" };

describe("the edge gateway", () => {
  test("is its own Gateway, and an HTTPRoute for each service", async () => {
    const evaluation = await create({ ...gateway, tls });
    expect(kindsOf(evaluation)).toEqual([
      "BackendTrafficPolicy",
      "BackendTrafficPolicy",
      "Gateway",
      "HTTPRoute",
      "HTTPRoute",
    ]);
    expect(inputsOf(evaluation, "Gateway")).toMatchObject({
      apiVersion: "gateway.networking.k8s.io/v1",
      metadata: {
        name: "holdfast",
        namespace: "nova",
        annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" },
      },
      spec: {
        gatewayClassName: "eg",
        listeners: [
          {
            name: "https",
            port: 443,
            protocol: "HTTPS",
            hostname: "api.nova.social",
            allowedRoutes: { namespaces: { from: "Same" } },
            tls: { mode: "Terminate", certificateRefs: [{ name: "nova-tls" }] },
          },
          {
            name: "http",
            port: 80,
            protocol: "HTTP",
            hostname: "api.nova.social",
            allowedRoutes: { namespaces: { from: "Same" } },
          },
        ],
      },
    });
  });

  test("opens port 80 for cert-manager's challenges, and serves no service there", async () => {
    const evaluation = await create({ ...gateway, tls });
    for (const name of ["messaging-service", "streaming-service"]) {
      expect(inputsOf(evaluation, "HTTPRoute", `edge-${name}`)).toMatchObject({
        spec: { parentRefs: [{ name: "holdfast", sectionName: "https" }] },
      });
    }
    const own = await create({ ...gateway, tls: { secretName: "nova-tls" } });
    const { spec } = inputsOf(own, "Gateway") as { spec: { listeners: { port: number }[] } };
    expect(spec.listeners.map(({ port }) => port)).toEqual([443]);
    expect(inputsOf(own, "HTTPRoute", "edge-streaming-service")).toMatchObject({
      spec: { parentRefs: [{ name: "holdfast" }] },
    });
  });

  test("keeps clients by a persistent cookie, and removes every time limit", async () => {
    const evaluation = await create({ ...gateway, className: "public" });
    expect(inputsOf(evaluation, "HTTPRoute", "edge-streaming-service")).toMatchObject({
      metadata: { name: "streaming-service", namespace: "nova" },
      spec: {
        parentRefs: [{ name: "holdfast" }],
        hostnames: ["api.nova.social"],
        rules: [
          {
            matches: [{ path: { type: "PathPrefix", value: "/streaming" } }],
            backendRefs: [{ name: "streaming-service", port: 8080 }],
            sessionPersistence: {
              type: "Cookie",
              sessionName: "SERVERID",
              absoluteTimeout: "24h",
              cookieConfig: { lifetimeType: "Permanent" },
            },
            timeouts: { request: "0s" },
          },
        ],
      },
    });
    expect(inputsOf(evaluation, "Gateway")).toMatchObject({
      spec: { gatewayClassName: "public", listeners: [{ name: "http", port: 80 }] },
    });
  });

  test("raises Envoy's limits of connections and of quiet streams, and retries on another pod", async () => {
    const evaluation = await create({ ...gateway, attach });
    const unlimited = 4_294_967_295;
    expect(inputsOf(evaluation, "BackendTrafficPolicy", "edge-streaming-service-policy")).toEqual({
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "BackendTrafficPolicy",
      metadata: {
        name: "streaming-service",
        namespace: "nova",
        labels: expect.objectContaining({ "app.kubernetes.io/name": "streaming-service" }) as object,
      },
      spec: {
        targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "streaming-service" }],
        mergeType: "StrategicMerge",
        loadBalancer: { type: "LeastRequest" },
        circuitBreaker: {
          maxConnections: unlimited,
          maxPendingRequests: unlimited,
          maxParallelRequests: unlimited,
          maxParallelRetries: unlimited,
        },
        timeout: {
          tcp: { connectTimeout: "2s" },
          http: { streamIdleTimeout: "0s", maxStreamDuration: "0s" },
        },
        retry: { numRetries: 3, retryOn: { triggers: ["connect-failure", "reset-before-request"] } },
      },
    });
  });

  test("sends a client without a cookie to the pod with the fewest requests, in addition to the cookie of the route", async () => {
    const evaluation = await create({ ...gateway, attach });
    for (const name of ["messaging-service", "streaming-service"]) {
      const { spec } = inputsOf(evaluation, "BackendTrafficPolicy", `edge-${name}-policy`) as {
        spec: { targetRefs: { name: string }[]; loadBalancer: object };
      };
      // The API does not allow a hash with any other type.
      expect(spec.loadBalancer).toEqual({ type: "LeastRequest" });
      expect(inputsOf(evaluation, "HTTPRoute", `edge-${name}`)).toMatchObject({
        metadata: { name: spec.targetRefs[0]?.name },
        spec: { rules: [{ sessionPersistence: { type: "Cookie" } }] },
      });
    }
  });

  test("attaches to an existing Gateway", async () => {
    const evaluation = await create({ ...gateway, attach });
    expect(kindsOf(evaluation)).not.toContain("Gateway");
    expect(inputsOf(evaluation, "HTTPRoute", "edge-messaging-service")).toMatchObject({
      spec: { parentRefs: [attach] },
    });
  });

  test("allows the Gateway's proxies, and sets a cookie with the service's own path", () => {
    const properties = edgeProperties(edge(gateway), affinity);
    expect(properties.cookie("/messaging")).toEqual({ name: "SERVERID", path: "/messaging" });
    expect(properties.ingressSources).toEqual([
      { namespaceLabels: { "kubernetes.io/metadata.name": "envoy-gateway-system" }, podLabels: {} },
    ]);
  });

  test.each([
    [86_400, "24h"],
    [5_400, "1h30m"],
    [3_661, "1h1m1s"],
    [45, "45s"],
    [31_536_000, "8760h"],
  ])("writes %d s in the Gateway API's form, %s", (seconds, duration) => {
    expect(gatewayDuration(seconds)).toBe(duration);
    expect(duration).toMatch(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);
  });
});

describe("a configuration of the gateway", () => {
  test.each([
    {
      name: "a class and TLS of a Gateway that somebody else made",
      given: { ...gateway, attach, className: "eg", tls },
      issues: [
        "edge.className is eg, expected nothing, since edge.attach is given",
        "edge.tls is an object, expected nothing: TLS ends at the Gateway of edge.attach",
      ],
    },
  ])("allows $name", ({ given, issues }) => {
    expect(issuesOf({ edge: given })).toEqual(issues);
  });
});
