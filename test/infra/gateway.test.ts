import { edgeTraits } from "../../infra/components/edge";
import { gatewayDuration } from "../../infra/components/edge/gateway";
import { inputsOf, kindsOf } from "./deployed";
import { affinity, create, edge } from "./edges";
import { faultsOf } from "./faults";

const gateway = { kind: "gateway", experimental: true };
const tls = { secretName: "nova-tls", clusterIssuer: "letsencrypt" };
const attach = { name: "public", namespace: "edge", sectionName: "https" };

describe("the edge gateway", () => {
  test("is a Gateway of its own, and an HTTPRoute for each service", async () => {
    const evaluation = await create({ ...gateway, tls });
    expect(kindsOf(evaluation)).toEqual(["Gateway", "HTTPRoute", "HTTPRoute"]);
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
        ],
      },
    });
  });

  test("keeps clients by a persistent cookie, and takes every limit of time away", async () => {
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

  test("attaches to a Gateway that is there", async () => {
    const evaluation = await create({ ...gateway, attach });
    expect(kindsOf(evaluation)).toEqual(["HTTPRoute", "HTTPRoute"]);
    expect(inputsOf(evaluation, "HTTPRoute", "edge-messaging-service")).toMatchObject({
      spec: { parentRefs: [attach] },
    });
  });

  test("lets the Gateway's proxies in, and sets a cookie of the service's own path", () => {
    const traits = edgeTraits(edge(gateway), affinity);
    expect(traits.cookie("/messaging")).toEqual({ name: "SERVERID", path: "/messaging" });
    expect(traits.callers).toEqual([
      { namespaceLabels: { "kubernetes.io/metadata.name": "envoy-gateway-system" }, podLabels: {} },
    ]);
  });

  test.each([
    [86_400, "24h"],
    [5_400, "1h30m"],
    [3_661, "1h1m1s"],
    [45, "45s"],
    [31_536_000, "8760h"],
  ])("writes %d s as the Gateway API has durations, %s", (seconds, duration) => {
    expect(gatewayDuration(seconds)).toBe(duration);
    expect(duration).toMatch(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);
  });
});

describe("a configuration of the gateway", () => {
  test.each([
    {
      name: "nobody who has not heard that it is experimental",
      given: { kind: "gateway" },
      faults: [
        "edge.experimental: found nothing; allowed: true: session persistence is experimental in the Gateway API; see docs/decisions/gateway-api.md",
      ],
    },
    {
      name: "a class and TLS of a Gateway that somebody else made",
      given: { ...gateway, attach, className: "eg", tls },
      faults: [
        "edge.className: found eg; allowed: nothing, since edge.attach is given",
        "edge.tls: found an object; allowed: nothing: TLS ends at the Gateway of edge.attach",
      ],
    },
  ])("lets in $name", ({ given, faults }) => {
    expect(faultsOf({ edge: given })).toEqual(faults);
  });
});
