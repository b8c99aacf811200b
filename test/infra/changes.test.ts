import { evaluate, type Resource } from "../../ops/render/evaluate";
import { readStackConfig } from "../../ops/render/stack-config";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

/** The resources of a stack as the program registers them, by type and name. */
async function resourcesOf(
  overrides: Record<string, unknown>,
  secret = "one",
): Promise<Map<string, Resource>> {
  const secretOf = (name: string) => `${name}-${secret}`;
  const config = await readStackConfig("staging", overrides, secretOf);
  const { resources } = await evaluate("staging", config, { secretOf, secretsAreReal: false });
  return new Map(
    resources.map((resource) => [`${resource.type.replace(/^.*:/, "")} ${resource.name}`, resource]),
  );
}

/** Which resources differ, and in which of their fields: a path as deep as both sides are objects. */
async function changes(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Promise<Record<string, string[]>> {
  const [old, now] = [await resourcesOf(before), await resourcesOf(after)];
  expect([...now.keys()]).toEqual([...old.keys()]);
  const differing = [...now].map(
    ([key, { inputs }]) => [key, differences(old.get(key)?.inputs, inputs)] as const,
  );
  return Object.fromEntries(
    differing.filter(([, fields]) => fields.length > 0).map(([key, fields]) => [key, fields.sort()]),
  );
}

function differences(old: unknown, now: unknown, path = ""): string[] {
  if (JSON.stringify(old) === JSON.stringify(now)) return [];
  if (!isObject(old) || !isObject(now)) return [path];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return keys.flatMap((key) => differences(old[key], now[key], path === "" ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const containers = "spec.template.spec.containers";
const deployments = (...fields: string[]) => ({
  "Deployment messaging-service-deployment": fields,
  "Deployment streaming-service-deployment": fields,
});

describe("a second up", () => {
  test("changes nothing", async () => {
    expect(await changes({}, {})).toEqual({});
  });
});

describe("a change of", () => {
  test("the image rolls the Deployments and touches nothing else", async () => {
    expect(await changes({}, { image: "holdfast/app:0.2.0" })).toEqual(deployments(containers));
  });

  test("a service's image rolls that service alone", async () => {
    const services = (image?: string) => [
      { name: "messaging-service", path: "/messaging", ...(image === undefined ? {} : { image }) },
      { name: "streaming-service", path: "/streaming" },
    ];
    const changed = await changes({ services: services() }, { services: services("holdfast/app:0.2.0") });
    expect(changed).toEqual({ "Deployment messaging-service-deployment": [containers] });
  });

  test("a value that the application reads rolls the pods that read it", async () => {
    expect(await changes({}, { session: { historySize: 50 } })).toEqual(deployments(containers));
  });

  test("the number of replicas rolls nothing", async () => {
    const services = (replicas: number) => [{ name: "messaging-service", path: "/messaging", replicas }];
    expect(await changes({ services: services(3) }, { services: services(5) })).toEqual({
      "Deployment messaging-service-deployment": ["spec.replicas"],
    });
  });

  test("the drain is an update in place", async () => {
    expect(await changes({}, { drain: { drainSeconds: 20, gracePeriodSeconds: 40 } })).toEqual(
      deployments(containers, "spec.template.spec.terminationGracePeriodSeconds"),
    );
  });

  test("the store's memory gives its settings a new name, which rolls the store alone", async () => {
    expect(await changes({}, { sessionStore: { memoryMiB: 1_024 } })).toEqual({
      "ConfigMap redis-config": ["data.redis.conf"],
      "StatefulSet redis-server": [containers, "spec.template.spec.volumes"],
    });
  });

  test("affinity touches the Service in place", async () => {
    expect(await changes({}, { affinity: { clientIpTimeoutSeconds: 7_200 } })).toEqual({
      "Service messaging-service-service": ["spec.sessionAffinityConfig.clientIP.timeoutSeconds"],
      "Service streaming-service-service": ["spec.sessionAffinityConfig.clientIP.timeoutSeconds"],
    });
  });
});

describe("at an AWS load balancer, a change of", () => {
  const pods = { kind: "nlb", targets: "pods" };
  const balancers = (...fields: string[]) => ({
    "Service edge-messaging-service": fields,
    "Service edge-streaming-service": fields,
  });
  const annotation = (name: string) =>
    `metadata.annotations.service.beta.kubernetes.io/aws-load-balancer-${name}`;

  test("the idle timeout touches the load balancers alone", async () => {
    const changed = await changes({ edge: pods }, { edge: { ...pods, idleTimeoutSeconds: 600 } });
    expect(changed).toEqual(balancers(annotation("listener-attributes.TCP-80")));
  });

  test("the drain takes the deregistration delay along", async () => {
    const changed = await changes({ edge: pods }, { edge: pods, drain: { drainSeconds: 60 } });
    expect(changed).toEqual({
      ...deployments(containers, "spec.template.spec.terminationGracePeriodSeconds"),
      ...balancers(annotation("target-group-attributes")),
    });
  });

  test("who may connect replaces no load balancer", async () => {
    const changed = await changes({ edge: pods }, { edge: { ...pods, clientCidrs: ["10.0.0.0/8"] } });
    expect(changed).toEqual(balancers("spec.loadBalancerSourceRanges"));
  });

  test("an NLB put before an nginx edge that runs leaves its Ingresses and the pods as they are", async () => {
    const before = await resourcesOf({ edge: { kind: "nginx", controller: "traefik" } });
    const after = await resourcesOf({ edge: { kind: "nlb", nginx: { controller: "traefik" } } });
    const changed = [...after].filter(
      ([key, { inputs }]) => differences(before.get(key)?.inputs, inputs).length > 0,
    );
    expect(changed.map(([key]) => key).sort()).toEqual([
      "Namespace edge-traefik-namespace",
      "Release edge-traefik",
      "Service edge-nlb",
    ]);
    expect([...before.keys()].filter((key) => !after.has(key))).toEqual([]);
  });
});

describe("what Kubernetes cannot change in place", () => {
  /** A new name is a new object; a new selector or claim cannot be applied to an old one. */
  const immutable = [
    "metadata.name",
    "metadata.namespace",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ];

  test("is changed by nothing that a running stack is likely to change", async () => {
    const changed = await changes(
      {},
      {
        image: "holdfast/app:0.2.0",
        resources: { cpu: "1", memory: "1Gi" },
        drain: { drainSeconds: 20 },
        sessionStore: { image: "valkey/valkey:8.1.9-alpine", memoryMiB: 1_024 },
        network: { monitoring: [] },
        edge: { timeoutSeconds: 7_200 },
        auth: { kind: "jwt", jwksUrl: "https://id.example/jwks" },
        minReadySeconds: 20,
      },
    );
    const fields = Object.values(changed).flat();
    expect(fields.length).toBeGreaterThan(0);
    expect(fields.filter((field) => immutable.some((path) => field.startsWith(path)))).toEqual([]);
  });

  test("has no name of ours where new content must be a new object", async () => {
    const resources = await resourcesOf({ auth: { kind: "jwt" }, jwtSecret: { secure: "v1:…" } });
    const autoNamed = [...resources.values()].filter(({ inputs }) => !hasName(inputs));
    expect(autoNamed.map(({ name }) => name).sort()).toEqual([
      "application",
      "redis-auth",
      "redis-config",
      "redis-password",
    ]);
  });
});

function hasName({ metadata }: Resource["inputs"]): boolean {
  return isObject(metadata) && metadata.name !== undefined;
}
