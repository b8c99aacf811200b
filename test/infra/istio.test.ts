import { edgeProperties } from "../../infra/components/edge/properties";
import { inputsOf, kindsOf } from "./deployed";
import { affinity, create, edge } from "./edges";
import { issuesOf } from "./config-issues";

const istio = { kind: "istio" };

describe("the edge istio", () => {
  test("is a Gateway, a VirtualService for all services and a DestinationRule for each", async () => {
    expect(kindsOf(await create(istio))).toEqual([
      "DestinationRule",
      "DestinationRule",
      "Gateway",
      "VirtualService",
    ]);
  });

  test("routes each service's path by whole segments and without a time limit, inner paths first", async () => {
    const backends = [
      { name: "all", path: "/" },
      { name: "eu", path: "/chat" },
    ];
    const evaluation = await create({ ...istio, affinity: "source_ip" }, {}, { backends });
    // On another pod than the one that the hash leads to.
    const retries = {
      attempts: 3,
      retryOn: "connect-failure,reset-before-request",
      retryIgnorePreviousHosts: true,
    };
    const to = (host: string) => [{ destination: { host, port: { number: 8080 } } }];
    expect(inputsOf(evaluation, "VirtualService")).toEqual({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "holdfast", namespace: "nova", labels: { "app.kubernetes.io/part-of": "holdfast" } },
      spec: {
        hosts: ["api.nova.social"],
        gateways: ["holdfast"],
        http: [
          {
            name: "eu",
            match: [{ uri: { exact: "/chat" } }, { uri: { prefix: "/chat/" } }],
            retries,
            route: to("eu"),
          },
          { name: "all", match: [{ uri: { prefix: "/" } }], retries, route: to("all") },
        ],
      },
    });
  });

  test("keeps clients by a hash of a cookie with the service's own path", async () => {
    expect(inputsOf(await create(istio), "DestinationRule", "edge-messaging-service")).toMatchObject({
      metadata: { name: "messaging-service", namespace: "nova" },
      spec: {
        host: "messaging-service",
        trafficPolicy: {
          loadBalancer: {
            consistentHash: {
              httpCookie: {
                name: "SERVERID",
                path: "/messaging",
                ttl: "86400s",
                attributes: [{ name: "Secure" }, { name: "SameSite", value: "Lax" }],
              },
            },
          },
          connectionPool: { tcp: { connectTimeout: "2s" }, http: { h2UpgradePolicy: "DO_NOT_UPGRADE" } },
        },
      },
    });
  });

  test.each(["cookie", "source_ip"])(
    "has no other balancing with the hash of %s: the API allows one",
    async (by) => {
      const rule = inputsOf(
        await create({ ...istio, affinity: by }),
        "DestinationRule",
        "edge-messaging-service",
      );
      const { spec } = rule as { spec: { trafficPolicy: { loadBalancer: object } } };
      expect(Object.keys(spec.trafficPolicy.loadBalancer)).toEqual(["consistentHash"]);
    },
  );

  test("has no secure cookie without TLS", async () => {
    const evaluation = await create(istio, { cookieSecure: false });
    expect(inputsOf(evaluation, "DestinationRule", "edge-messaging-service")).toMatchObject({
      spec: {
        trafficPolicy: {
          loadBalancer: {
            consistentHash: { httpCookie: { attributes: [{ name: "SameSite", value: "Lax" }] } },
          },
        },
      },
    });
  });

  test("keeps clients by their address if configured, and then names no cookie", async () => {
    const config = { ...istio, affinity: "source_ip" };
    expect(inputsOf(await create(config), "DestinationRule", "edge-messaging-service")).toMatchObject({
      spec: { trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true } } } },
    });
    expect(edgeProperties(edge(config), affinity).cookie("/")).toBeUndefined();
  });

  test("ends TLS at its own Gateway, and redirects to it", async () => {
    const evaluation = await create({ ...istio, credentialName: "nova-tls", selector: { app: "edge" } });
    expect(inputsOf(evaluation, "Gateway")).toMatchObject({
      spec: {
        selector: { app: "edge" },
        servers: [
          { port: { number: 80, protocol: "HTTP" }, tls: { httpsRedirect: true } },
          { port: { number: 443, protocol: "HTTPS" }, tls: { mode: "SIMPLE", credentialName: "nova-tls" } },
        ],
      },
    });
  });

  test("uses an existing Gateway", async () => {
    const evaluation = await create({ ...istio, gateway: "edge/public" });
    expect(kindsOf(evaluation)).not.toContain("Gateway");
    expect(inputsOf(evaluation, "VirtualService")).toMatchObject({ spec: { gateways: ["edge/public"] } });
  });

  test("allows the ingress gateway's namespace", () => {
    expect(
      edgeProperties(edge({ ...istio, gatewayNamespace: "istio-system" }), affinity).ingressSources,
    ).toEqual([{ namespaceLabels: { "kubernetes.io/metadata.name": "istio-system" }, podLabels: {} }]);
  });
});

describe("a configuration of istio", () => {
  test.each([
    {
      name: "what belongs to a Gateway of its own beside one that is there",
      values: { edge: { ...istio, gateway: "edge/public", selector: { a: "b" }, credentialName: "tls" } },
      issues: [
        'edge.selector is {"a":"b"}, expected nothing, since edge.gateway is given',
        "edge.credentialName is tls, expected nothing, since edge.gateway is given",
      ],
    },
    {
      name: "an insecure cookie where TLS ends",
      values: { edge: { ...istio, credentialName: "tls" }, affinity: { cookieSecure: false } },
      issues: ["affinity.cookieSecure is false, expected true, because edge.credentialName is set"],
    },
  ])("refuses $name", ({ values, issues }) => {
    expect(issuesOf(values)).toEqual(issues);
  });
});
