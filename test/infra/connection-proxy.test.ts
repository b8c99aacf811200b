import { proxyConfigKeys, loadProxyConfig } from "../../app/proxy/config";
import { renderStack } from "../../ops/render/render";
import { environmentOf, rendered, workloads } from "./rendered";
import { selectorOf } from "./selectors";

jest.setTimeout(120_000); // the first use of Pulumi's SDKs loads them

const proxied = (connectionProxy: object, change: object = {}) => ({
  services: [{ name: "chat", path: "/chat", replicas: 3, connectionProxy }],
  ...change,
});

async function find(overrides: object, kind: string, name: string) {
  const objects = await renderStack("staging", { overrides: { ...overrides } });
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}

describe("a service with a proxy", () => {
  test("has a proxy whose environment is what the proxy accepts", async () => {
    const objects = await rendered("staging", proxied({ trustedHops: ["10.0.0.0/8"] }));
    const deployment = workloads(objects, "Deployment").find(
      ({ metadata }) => metadata.name === "chat-proxy",
    );
    if (!deployment) throw new Error("there is no connectionProxy");
    const env = environmentOf(deployment, objects);
    expect(Object.keys(env).filter((key) => !proxyConfigKeys.includes(key as never))).toEqual([]);
    expect(loadProxyConfig(env)).toMatchObject({
      UPSTREAMS: ["chat-pods.nova.svc:8080"],
      PROXY_MODE: "holdfast",
      TRUSTED_HOPS: ["10.0.0.0/8"],
      PRE_STOP_SECONDS: 10,
      DRAIN_SECONDS: 600,
      AUTH_MODE: "passthrough",
    });
    expect(await find(proxied({}), "Deployment", "chat-proxy")).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: { terminationGracePeriodSeconds: 615, containers: [{ command: ["node", "dist/proxy.js"] }] },
        },
      },
    });
  });

  test.each([{ kind: "nginx" }, { kind: "gateway", className: "eg" }, { kind: "istio", affinity: "cookie" }])(
    "gets its proxy without a rollout of its own pods with $kind",
    async (edge) => {
      const without = { edge, services: [{ name: "chat", path: "/chat", replicas: 3 }] };
      const deployment = await find(without, "Deployment", "chat");
      expect(deployment).toBeDefined();
      expect(await find(proxied({}, { edge }), "Deployment", "chat")).toEqual(deployment);
    },
  );

  test("is no longer a load balancer's target, but its proxy is", async () => {
    const edge = { kind: "nlb", targets: "pods" };
    const probe = (failureThreshold: number) => ({
      spec: { template: { spec: { containers: [{ readinessProbe: { failureThreshold } }] } } },
    });
    expect(await find(proxied({}, { edge }), "Deployment", "chat-proxy")).toMatchObject(probe(3));
    expect(await find(proxied({}, { edge }), "Deployment", "chat")).toMatchObject(probe(1));
  });

  test("is reached by the edge through its proxy, and by the proxy through a headless Service", async () => {
    expect(await find(proxied({}), "Ingress", "nova-ingress-chat")).toMatchObject({
      spec: {
        rules: [
          {
            http: {
              paths: [
                { path: "/chat", backend: { service: { name: "chat-proxy", port: { name: "http" } } } },
              ],
            },
          },
        ],
      },
    });
    expect(await find(proxied({}), "Service", "chat-proxy")).toMatchObject({
      spec: { sessionAffinity: "ClientIP", selector: selectorOf("chat-proxy") },
    });
    expect(await find(proxied({}), "Service", "chat-pods")).toMatchObject({
      spec: { clusterIP: "None", selector: selectorOf("chat") },
    });
  });

  test("opens http to its proxy and the edge's pods, never to addresses, and the proxy may connect only to it and DNS", async () => {
    const byProxy = { podSelector: { matchLabels: selectorOf("chat-proxy") } };
    const service = (await find(proxied({}), "NetworkPolicy", "chat")) as unknown as Policy;
    expect(service.spec.ingress).toBeUndefined();
    // A load balancer's addresses are those of its clients, who could bypass the proxy and its token check.
    const edge = [{ namespaceLabels: { "kubernetes.io/metadata.name": "traefik" } }, { cidr: "10.0.0.0/16" }];
    const objects = await rendered("staging", proxied({}, { network: { edge } }));
    const toHttp = objects
      .filter(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name.startsWith("chat-from-"))
      .flatMap((policy) => (policy as unknown as Policy).spec.ingress)
      .filter(({ ports }) => ports.some(({ port }) => port === 8080));
    const edgePods = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "traefik" } } };
    expect(toHttp.toSorted((a, b) => a.ports.length - b.ports.length).map(({ from }) => from)).toEqual([
      [byProxy],
      [edgePods],
    ]);
    const connectionProxy = (await find(proxied({}), "NetworkPolicy", "chat-proxy")) as unknown as Policy;
    expect(connectionProxy.spec.egress.map(({ ports }) => ports.map(({ port }) => port))).toEqual([
      [53, 53, 5353, 5353],
      [8080],
    ]);
  });

  test("checks tokens in the proxy if configured, with the stack's keys", async () => {
    const auth = { kind: "jwt", jwksUrl: "https://id.example/keys", issuer: "https://id.example" };
    const objects = await rendered("staging", proxied({ checkTokens: true, mode: "at-most-once" }, { auth }));
    const deployment = workloads(objects, "Deployment").find(
      ({ metadata }) => metadata.name === "chat-proxy",
    );
    if (!deployment) throw new Error("there is no connectionProxy");
    expect(loadProxyConfig(environmentOf(deployment, objects))).toMatchObject({
      AUTH_MODE: "jwt",
      JWT_JWKS_URL: "https://id.example/keys",
      JWT_ISSUER: "https://id.example",
    });
  });

  test("lets a proxy that watches its pods read EndpointSlices and reach the API server, and no other", async () => {
    const watching = proxied({ discovery: "endpointslices" });
    const named = (kind: string) => find(watching, kind, "chat-proxy");
    expect(await named("Role")).toMatchObject({
      rules: [{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] }],
    });
    expect(await named("RoleBinding")).toMatchObject({
      roleRef: { kind: "Role", name: "chat-proxy" },
      subjects: [{ kind: "ServiceAccount", name: "chat-proxy", namespace: "nova" }],
    });
    const token = (automountServiceAccountToken: boolean) => ({
      spec: { template: { spec: { automountServiceAccountToken } } },
    });
    expect(await named("Deployment")).toMatchObject(token(true));
    expect(await find(watching, "Deployment", "chat")).toMatchObject(token(false));
    const portsOf = (policy: unknown) =>
      (policy as { spec: { egress: { ports: { port: number }[] }[] } }).spec.egress.map(({ ports }) =>
        ports.map(({ port }) => port),
      );
    expect(portsOf(await named("NetworkPolicy"))).toContainEqual([443, 6443]);

    const plain = proxied({});
    expect(await find(plain, "Deployment", "chat-proxy")).toMatchObject(token(false));
    expect(portsOf(await find(plain, "NetworkPolicy", "chat-proxy"))).not.toContainEqual([443, 6443]);
    expect(await find(plain, "Role", "chat-proxy")).toBeUndefined();
    expect(await find(plain, "RoleBinding", "chat-proxy")).toBeUndefined();
  });

  test("scales its proxy by proxied sockets", async () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 5, connectionsPerPod: 1_000 };
    expect(await find(proxied({ autoscaling }), "HorizontalPodAutoscaler", "chat-proxy")).toMatchObject({
      spec: { minReplicas: 2, metrics: [{ pods: { metric: { name: "proxy_sockets_active" } } }] },
    });
  });

  test.each([
    [
      { replicas: 2, autoscaling: { minReplicas: 1, maxReplicas: 2, connectionsPerPod: 9 } },
      "services[0].connectionProxy.replicas",
    ],
    [
      { mode: "twice" },
      "services[0].connectionProxy.mode is twice. Set it to one of holdfast, at-most-once, at-least-once, socket.io",
    ],
    [
      { checkTokens: true },
      "services[0].connectionProxy.checkTokens is true. Set it to false, or set auth.kind to jwt.",
    ],
    [{ trustedHops: ["everyone"] }, "services[0].connectionProxy.trustedHops[0]"],
    [{ finalCloseCodes: "all" }, "services[0].connectionProxy.finalCloseCodes"],
  ])("is refused with %j", async (connectionProxy, fault) => {
    await expect(renderStack("staging", { overrides: proxied(connectionProxy) })).rejects.toThrow(fault);
  });

  test("is refused if another service has the proxy's name", async () => {
    const services = [
      { name: "chat", path: "/chat", connectionProxy: {} },
      { name: "chat-proxy", path: "/other" },
    ];
    await expect(renderStack("staging", { overrides: { services } })).rejects.toThrow(
      "services[0].connectionProxy is chat-proxy, expected no service named chat-proxy or chat-pods",
    );
  });
});

interface Policy {
  readonly spec: {
    readonly ingress: { readonly from: unknown[]; readonly ports: { readonly port: number }[] }[];
    readonly egress: { readonly ports: { readonly port: number }[] }[];
  };
}
