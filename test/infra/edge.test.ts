import { edgeProperties } from "../../infra/components/edge/properties";
import type { AffinityConfig } from "../../infra/config/schema";
import { inputsOf, kindsOf } from "./deployed";
import { affinity, create, edge } from "./edges";

async function ingressOf(config: object, name = "messaging-service", change: Partial<AffinityConfig> = {}) {
  return inputsOf(await create(config, change), "Ingress", `edge-${name}`);
}

describe("the edge none", () => {
  test("creates nothing, and leads to the Services", async () => {
    const evaluation = await create({ kind: "none" });
    expect(evaluation.resources).toEqual([]);
    expect(evaluation.outputs).toEqual({
      urls: {
        "messaging-service": "ws://messaging-service.nova.svc:8080/messaging/chat/{room_id}",
        "streaming-service": "ws://streaming-service.nova.svc:8080/streaming",
      },
    });
  });

  test("sets no cookie and allows no client by itself", () => {
    const properties = edgeProperties(edge({ kind: "none" }), affinity);
    expect(properties.cookie("/messaging")).toBeUndefined();
    expect(properties.ingressSources).toEqual([]);
  });
});

describe("the edge nginx", () => {
  test("is an Ingress for each service", async () => {
    const { spec, metadata } = await ingressOf({ kind: "nginx" });
    expect(metadata).toMatchObject({ name: "nova-ingress-messaging-service", namespace: "nova" });
    expect(spec).toEqual({
      ingressClassName: "nginx",
      rules: [
        {
          host: "api.nova.social",
          http: {
            paths: [
              {
                path: "/messaging",
                pathType: "Prefix",
                backend: { service: { name: "messaging-service", port: { name: "http" } } },
              },
            ],
          },
        },
      ],
    });
  });

  test("keeps clients by a cookie of each service's own path, and moves them when their pod fails", async () => {
    const prefix = "nginx.ingress.kubernetes.io";
    expect((await ingressOf({ kind: "nginx" }, "streaming-service")).metadata.annotations).toEqual({
      [`${prefix}/affinity`]: "cookie",
      [`${prefix}/affinity-mode`]: "persistent",
      [`${prefix}/session-cookie-name`]: "SERVERID",
      [`${prefix}/session-cookie-path`]: "/streaming",
      [`${prefix}/session-cookie-max-age`]: "86400",
      [`${prefix}/session-cookie-secure`]: "true",
      [`${prefix}/session-cookie-samesite`]: "Lax",
      [`${prefix}/session-cookie-change-on-failure`]: "true",
      [`${prefix}/proxy-read-timeout`]: "3600",
      [`${prefix}/proxy-send-timeout`]: "3600",
      "pulumi.com/skipAwait": "true",
    });
  });

  test("passes its cookie to the application, so that a draining pod can expire it", () => {
    expect(edgeProperties(edge({ kind: "nginx" }), affinity).cookie("/messaging")).toEqual({
      name: "SERVERID",
      path: "/messaging",
    });
  });

  test.each([
    { cookieSecure: true, url: "wss://api.nova.social/messaging/chat/{room_id}" },
    { cookieSecure: false, url: "ws://api.nova.social/messaging/chat/{room_id}" },
  ])("is at $url when secure cookies are $cookieSecure", async ({ cookieSecure, url }) => {
    const { outputs } = await create({ kind: "nginx" }, { cookieSecure });
    expect(outputs).toMatchObject({ urls: { "messaging-service": url } });
  });

  test("requests one certificate, which all services share", async () => {
    const config = { kind: "nginx", tls: { secretName: "nova-tls", clusterIssuer: "letsencrypt" } };
    const issuer = "cert-manager.io/cluster-issuer";
    const [first, second] = [await ingressOf(config), await ingressOf(config, "streaming-service")];
    for (const { spec } of [first, second]) {
      expect(spec.tls).toEqual([{ hosts: ["api.nova.social"], secretName: "nova-tls" }]);
    }
    expect(first.metadata.annotations).toHaveProperty([issuer], "letsencrypt");
    expect(second.metadata.annotations).not.toHaveProperty([issuer]);
  });

  test.each([
    { controller: "none", namespace: "ingress-nginx" },
    { controller: "traefik", namespace: "traefik" },
    { controller: "ingress-nginx", namespace: "ingress-nginx" },
  ])("allows the namespace $namespace of the controller $controller", ({ controller, namespace }) => {
    expect(edgeProperties(edge({ kind: "nginx", controller }), affinity).ingressSources).toEqual([
      { namespaceLabels: { "kubernetes.io/metadata.name": namespace }, podLabels: {} },
    ]);
  });
});

describe("the edge's controller", () => {
  test("is not installed if it already runs", async () => {
    expect(kindsOf(await create({ kind: "nginx" }))).toEqual(["Ingress", "Ingress"]);
  });

  test("is Traefik with a class that its ingress-nginx provider reads", async () => {
    const evaluation = await create({ kind: "nginx", controller: "traefik", ingressClassName: "public" });
    expect(inputsOf(evaluation, "IngressClass")).toMatchObject({
      metadata: { name: "public" },
      spec: { controller: "k8s.io/ingress-nginx" },
    });
    expect(inputsOf(evaluation, "Release")).toMatchObject({
      chart: "traefik",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      namespace: "traefik",
      skipAwait: true,
      values: {
        ingressClass: { enabled: false },
        providers: {
          kubernetesIngress: { enabled: false },
          kubernetesIngressNGINX: {
            enabled: true,
            ingressClass: "public",
            controllerClass: "k8s.io/ingress-nginx",
          },
        },
      },
    });
  });

  test("is Traefik whose pods keep serving while nodes and load balancers learn of their end", async () => {
    const transport = { lifeCycle: { requestAcceptGraceTimeout: "10s" } };
    const evaluation = await create({ kind: "nginx", controller: "traefik" });
    expect(inputsOf(evaluation, "Release")).toMatchObject({
      values: { ports: { web: { transport }, websecure: { transport } } },
    });
  });

  test("is ingress-nginx whose reloads keep sockets as long as the Ingress allows", async () => {
    const evaluation = await create({ kind: "nginx", controller: "ingress-nginx", timeoutSeconds: 7_200 });
    expect(inputsOf(evaluation, "IngressController")).toMatchObject({
      controller: {
        config: { "worker-shutdown-timeout": "7200s" },
        extraArgs: { "shutdown-grace-period": "10" },
      },
      helmOptions: { chart: "ingress-nginx", version: "4.15.1", skipAwait: true },
    });
  });
});
