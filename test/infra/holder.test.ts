import { holderConfigKeys, loadHolderConfig } from "../../app/holder/config";
import { renderStack } from "../../ops/render/render";
import { environmentOf, rendered, workloads } from "./rendered";

jest.setTimeout(120_000); // the first use of Pulumi's SDKs loads them

const held = (holder: object, change: object = {}) => ({
  services: [{ name: "chat", path: "/chat", replicas: 3, holder }],
  ...change,
});

async function find(overrides: object, kind: string, name: string) {
  const objects = await renderStack("staging", { overrides: { ...overrides } });
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}

describe("a held service", () => {
  test("has a holder whose environment is what the holder accepts", async () => {
    const objects = await rendered("staging", held({ trustedHops: ["10.0.0.0/8"] }));
    const deployment = workloads(objects, "Deployment").find(
      ({ metadata }) => metadata.name === "chat-holder",
    );
    if (!deployment) throw new Error("there is no holder");
    const env = environmentOf(deployment, objects);
    expect(Object.keys(env).filter((key) => !holderConfigKeys.includes(key as never))).toEqual([]);
    expect(loadHolderConfig(env)).toMatchObject({
      UPSTREAMS: ["chat-pods.nova.svc:8080"],
      HOLD_MODE: "holdfast",
      TRUSTED_HOPS: ["10.0.0.0/8"],
      PRE_STOP_SECONDS: 10,
      DRAIN_SECONDS: 600,
      AUTH_MODE: "passthrough",
    });
    expect(await find(held({}), "Deployment", "chat-holder")).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: { terminationGracePeriodSeconds: 615, containers: [{ command: ["node", "dist/holder.js"] }] },
        },
      },
    });
  });

  test("is reached by the edge through its holder, and by the holder through a headless Service", async () => {
    expect(await find(held({}), "Ingress", "nova-ingress-chat")).toMatchObject({
      spec: {
        rules: [
          {
            http: {
              paths: [
                { path: "/chat", backend: { service: { name: "chat-holder", port: { name: "http" } } } },
              ],
            },
          },
        ],
      },
    });
    expect(await find(held({}), "Service", "chat-holder")).toMatchObject({
      spec: { sessionAffinity: "ClientIP", selector: { "app.kubernetes.io/name": "chat-holder" } },
    });
    expect(await find(held({}), "Service", "chat-pods")).toMatchObject({
      spec: { clusterIP: "None", selector: { "app.kubernetes.io/name": "chat" } },
    });
  });

  test("opens http to its holder alone, and the holder reaches nothing but it and DNS", async () => {
    const byHolder = { podSelector: { matchLabels: { "app.kubernetes.io/name": "chat-holder" } } };
    const service = (await find(held({}), "NetworkPolicy", "chat")) as unknown as Policy;
    const toHttp = service.spec.ingress.filter(({ ports }) => ports.some(({ port }) => port === 8080));
    expect(toHttp).toEqual([{ from: [byHolder], ports: [{ protocol: "TCP", port: 8080 }] }]);
    const holder = (await find(held({}), "NetworkPolicy", "chat-holder")) as unknown as Policy;
    expect(holder.spec.egress.map(({ ports }) => ports.map(({ port }) => port))).toEqual([
      [53, 53, 5353, 5353],
      [8080],
    ]);
  });

  test("checks tokens in the holder where it is told to, with the stack's keys", async () => {
    const auth = { kind: "jwt", jwksUrl: "https://id.example/keys", issuer: "https://id.example" };
    const objects = await rendered("staging", held({ checkTokens: true, mode: "at-most-once" }, { auth }));
    const deployment = workloads(objects, "Deployment").find(
      ({ metadata }) => metadata.name === "chat-holder",
    );
    if (!deployment) throw new Error("there is no holder");
    expect(loadHolderConfig(environmentOf(deployment, objects))).toMatchObject({
      AUTH_MODE: "jwt",
      JWT_JWKS_URL: "https://id.example/keys",
      JWT_ISSUER: "https://id.example",
    });
  });

  test("lets a holder that watches its pods read EndpointSlices and reach the API server, and no other", async () => {
    const watching = held({ discovery: "endpointslices" });
    const named = (kind: string) => find(watching, kind, "chat-holder");
    expect(await named("Role")).toMatchObject({
      rules: [{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] }],
    });
    expect(await named("RoleBinding")).toMatchObject({
      roleRef: { kind: "Role", name: "chat-holder" },
      subjects: [{ kind: "ServiceAccount", name: "chat-holder", namespace: "nova" }],
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

    const plain = held({});
    expect(await find(plain, "Deployment", "chat-holder")).toMatchObject(token(false));
    expect(portsOf(await find(plain, "NetworkPolicy", "chat-holder"))).not.toContainEqual([443, 6443]);
    expect(await find(plain, "Role", "chat-holder")).toBeUndefined();
    expect(await find(plain, "RoleBinding", "chat-holder")).toBeUndefined();
  });

  test("scales its holder by held sockets", async () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 5, connectionsPerPod: 1_000 };
    expect(await find(held({ autoscaling }), "HorizontalPodAutoscaler", "chat-holder")).toMatchObject({
      spec: { minReplicas: 2, metrics: [{ pods: { metric: { name: "holder_sockets_held" } } }] },
    });
  });

  test.each([
    [
      { replicas: 2, autoscaling: { minReplicas: 1, maxReplicas: 2, connectionsPerPod: 9 } },
      "services[0].holder.replicas",
    ],
    [
      { mode: "twice" },
      "services[0].holder.mode: found twice; allowed: one of holdfast, at-most-once, at-least-once",
    ],
    [
      { checkTokens: true },
      "services[0].holder.checkTokens: found true; allowed: false, unless auth.kind is jwt",
    ],
    [{ trustedHops: ["everyone"] }, "services[0].holder.trustedHops[0]"],
    [{ finalCloseCodes: "all" }, "services[0].holder.finalCloseCodes"],
  ])("is refused with %j", async (holder, fault) => {
    await expect(renderStack("staging", { overrides: held(holder) })).rejects.toThrow(fault);
  });

  test("is refused where another service has the holder's name", async () => {
    const services = [
      { name: "chat", path: "/chat", holder: {} },
      { name: "chat-holder", path: "/other" },
    ];
    await expect(renderStack("staging", { overrides: { services } })).rejects.toThrow(
      "services[0].holder: found chat-holder; allowed: no service by the name of chat-holder or chat-pods",
    );
  });
});

interface Policy {
  readonly spec: {
    readonly ingress: { readonly from: unknown[]; readonly ports: { readonly port: number }[] }[];
    readonly egress: { readonly ports: { readonly port: number }[] }[];
  };
}
