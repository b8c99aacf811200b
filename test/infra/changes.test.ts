import { evaluate } from "../../ops/render/evaluate";
import type { Resource } from "../../ops/render/resource";
import { readStackConfig } from "../../ops/render/stack-config";
import { elasticache, secondary } from "./elasticache";
import { keyOf } from "./rendered";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

const evaluations = new Map<string, Promise<Map<string, Resource>>>();

/** The resources of a stack, as the program registers them, by type and name; evaluated once for all tests. */
function resourcesOf(overrides: Record<string, unknown>, secret = "one"): Promise<Map<string, Resource>> {
  const key = keyOf(overrides, secret);
  const known = evaluations.get(key) ?? evaluated(overrides, secret);
  evaluations.set(key, known);
  return known;
}

async function evaluated(overrides: Record<string, unknown>, secret: string): Promise<Map<string, Resource>> {
  const secretOf = (name: string) => `${name}-${secret}`;
  const config = await readStackConfig("staging", overrides, secretOf);
  const { resources } = await evaluate("staging", config, { secretOf, secretsAreReal: false });
  return new Map(
    resources.map((resource) => [`${resource.type.replace(/^.*:/, "")} ${resource.name}`, resource]),
  );
}

/**
 * The resources that differ, with their fields: a path as deep as both sides are objects. Generated secrets are equal unless
 * another `secret` is given.
 */
async function changes(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  secret?: string,
): Promise<Record<string, string[]>> {
  return changesBetween(await resourcesOf(before), await resourcesOf(after, secret));
}

function changesBetween(old: Map<string, Resource>, now: Map<string, Resource>): Record<string, string[]> {
  expect([...now.keys()].sort()).toEqual([...old.keys()].sort());
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
    expect(changesBetween(await evaluated({}, "one"), await evaluated({}, "one"))).toEqual({});
  });
});

describe("a change of", () => {
  test("the image rolls the Deployments and changes nothing else", async () => {
    expect(await changes({}, { image: "holdfast/app:0.2.0" })).toEqual(deployments(containers));
  });

  test("a service's image rolls that service alone", async () => {
    const services = (image: string) => [
      { name: "messaging-service", path: "/messaging", image },
      { name: "streaming-service", path: "/streaming" },
    ];
    const changed = await changes(
      { services: services("registry.example/chat:1.0") },
      { services: services("registry.example/chat:2.0") },
    );
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

  test("peers creates a new way in before the old one is deleted", async () => {
    const edge = (cidr: string) => ({ network: { edge: [{ cidr }] } });
    const ways = async (overrides: Record<string, unknown>) =>
      [...(await resourcesOf(overrides)).keys()].filter((key) => key.startsWith("NetworkPolicy messaging"));
    const [before, after] = [await ways(edge("10.0.0.0/16")), await ways(edge("10.1.0.0/16"))];
    expect(before.filter((key) => !after.includes(key))).toEqual([
      expect.stringContaining("messaging-service-policy-from-addresses-") as string,
    ]);
    expect(after.filter((key) => !before.includes(key))).toEqual([
      expect.stringContaining("messaging-service-policy-from-addresses-") as string,
    ]);
  });

  test("a proxy for a service keeps the edge's way to its pods as long as the edge needs it", async () => {
    const service = { name: "messaging-service", path: "/messaging" };
    const without = await resourcesOf({ services: [service] });
    const withProxy = await resourcesOf({ services: [{ ...service, connectionProxy: {} }] });
    const [way] = [...without.keys()].filter((key) => key.includes("messaging-service-policy-from-edge-"));
    expect(way).toBeDefined();
    expect(withProxy.get(way ?? "")).toEqual(without.get(way ?? ""));
  });

  test("the drain is an update in place", async () => {
    expect(await changes({}, { drain: { drainSeconds: 20, gracePeriodSeconds: 40 } })).toEqual(
      deployments(containers, "spec.template.spec.terminationGracePeriodSeconds"),
    );
  });

  test("the store's memory gives its settings a new name, which rolls only the store", async () => {
    expect(await changes({}, { sessionStore: { memoryMiB: 1_024 } })).toEqual({
      "ConfigMap redis-config": ["data.redis.conf"],
      "StatefulSet redis-server": [containers, "spec.template.spec.volumes"],
    });
  });

  test("affinity changes the Service in place", async () => {
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

  test("the idle timeout changes only the load balancers", async () => {
    const changed = await changes({ edge: pods }, { edge: { ...pods, idleTimeoutSeconds: 600 } });
    expect(changed).toEqual(balancers(annotation("listener-attributes.TCP-80")));
  });

  test("the drain changes the deregistration delay too", async () => {
    const changed = await changes({ edge: pods }, { edge: pods, drain: { drainSeconds: 60 } });
    expect(changed).toEqual({
      ...deployments(containers, "spec.template.spec.terminationGracePeriodSeconds"),
      ...balancers(annotation("target-group-attributes")),
    });
  });

  test("allowed clients replaces no load balancer", async () => {
    const changed = await changes({ edge: pods }, { edge: { ...pods, clientCidrs: ["10.0.0.0/8"] } });
    expect(changed).toEqual(balancers("spec.loadBalancerSourceRanges"));
  });

  test("an NLB in front of a running nginx edge keeps its Ingresses and the pods as they are", async () => {
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

describe("with an ElastiCache, a change of", () => {
  const sessionStore = { ...elasticache };
  const change = (after: object) =>
    changes({ sessionStore }, { sessionStore: { ...sessionStore, ...after } });

  test("the image rolls the Deployments and changes nothing in AWS", async () => {
    expect(await changes({ sessionStore }, { sessionStore, image: "holdfast/app:0.2.0" })).toEqual(
      deployments(containers),
    );
  });

  test("the number of replicas, or of the application's settings, does not change the store", async () => {
    const services = (replicas: number) => [{ name: "messaging-service", path: "/messaging", replicas }];
    expect(
      await changes({ sessionStore, services: services(3) }, { sessionStore, services: services(5) }),
    ).toEqual({ "Deployment messaging-service-deployment": ["spec.replicas"] });
    expect(await changes({ sessionStore }, { sessionStore, session: { ttlSeconds: 1_800 } })).toEqual(
      deployments(containers),
    );
  });

  test("the node type is one field of the group", async () => {
    expect(await change({ nodeType: "cache.r7g.xlarge" })).toEqual({
      "ReplicationGroup redis-group": ["nodeType"],
    });
  });

  test("the version is one field of the group, and a new family of parameters with the major one", async () => {
    expect(await change({ engineVersion: "8.2" })).toEqual({
      "ReplicationGroup redis-group": ["engineVersion"],
    });
    expect(await change({ engineVersion: "9.0" })).toEqual({
      "ParameterGroup redis-parameters": ["family"],
      "ReplicationGroup redis-group": ["engineVersion"],
    });
  });

  test("windows, snapshots and the time of changes are fields of the group", async () => {
    const changed = await change({
      maintenanceWindow: "mon:03:00-mon:04:00",
      snapshots: { retentionDays: 3, window: "05:00-06:00" },
      applyImmediately: true,
    });
    const fields = ["applyImmediately", "maintenanceWindow", "snapshotRetentionLimit", "snapshotWindow"];
    expect(changed).toEqual({ "ReplicationGroup redis-group": fields });
  });

  test("clients is rules of its security group", async () => {
    const before = await resourcesOf({ sessionStore });
    const clients = { securityGroupIds: [...elasticache.clients.securityGroupIds, "sg-0a1b2c3d4e5f60720"] };
    const after = await resourcesOf({ sessionStore: { ...sessionStore, clients } });
    const added = [...after.keys()].filter((key) => !before.has(key));
    expect(added).toEqual(["SecurityGroupIngressRule redis-access-sg-0a1b2c3d4e5f60720"]);
    const kept = [...before].filter(
      ([key, { inputs }]) => differences(inputs, after.get(key)?.inputs).length > 0,
    );
    expect(kept).toEqual([]);
  });

  test("the token's version creates another token, and nothing else by itself", async () => {
    expect(await change({ authTokenVersion: 2 })).toEqual({
      "RandomPassword redis-token": ["keepers.version"],
    });
  });
});

describe("a changed secret", () => {
  test("of the store in the cluster is a new object, whose name rolls the pods that read it", async () => {
    const changed = await changes({}, {}, "two");
    expect(Object.keys(changed).sort()).toEqual(["Secret redis-auth"]);
    expect((await resourcesOf({})).get("Secret redis-auth")?.replaceOnChanges).toEqual(["stringData"]);
  });

  test("of an ElastiCache changes its token in place, with a new object", async () => {
    const sessionStore = { ...elasticache };
    expect(await changes({ sessionStore }, { sessionStore }, "two")).toEqual({
      "ReplicationGroup redis-group": ["authToken"],
      "Secret redis-auth": ["stringData.url"],
    });
  });
});

describe("the number of pods, once an autoscaler owns it,", () => {
  const services = (scale: object) => [{ name: "messaging-service", path: "/messaging", ...scale }];
  const autoscaling = { minReplicas: 2, maxReplicas: 9, connectionsPerPod: 5_000 };

  test("is left to it from the update on that changes the owner", async () => {
    const before = await resourcesOf({ services: services({ replicas: 5 }) });
    const after = await resourcesOf({ services: services({ autoscaling }) });
    const deployment = after.get("Deployment messaging-service-deployment");
    expect(
      differences(before.get("Deployment messaging-service-deployment")?.inputs, deployment?.inputs),
    ).toEqual(["spec.replicas"]);
    // The engine then keeps the existing 5, and the provider leaves the field to its new owner.
    expect(deployment?.ignoreChanges).toEqual(["spec.replicas"]);
    expect([...after.keys()].filter((key) => !before.has(key))).toEqual([
      "HorizontalPodAutoscaler messaging-service-autoscaler",
    ]);
  });

  test("changes its owner without a change of the pods", async () => {
    const keda = { kind: "keda", prometheusUrl: "http://prometheus:9090" };
    const before = await resourcesOf({ services: services({ autoscaling }) });
    const after = await resourcesOf({ services: services({ autoscaling }), autoscaler: keda });
    const same = [...before].filter(
      ([key, { inputs }]) => differences(inputs, after.get(key)?.inputs).length === 0,
    );
    expect(same).toHaveLength(before.size - 1);
    expect([...after.keys()].filter((key) => !before.has(key))).toEqual([
      "ScaledObject messaging-service-autoscaler",
    ]);
  });
});

/**
 * Inputs whose change creates a new resource, for types that hold data or are referenced by one that does. ForceNew in
 * https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/elasticache (and service/ec2 for the security
 * group), which @pulumi/aws wraps. A group is also new with an earlier engine version, or when it changes from Valkey back to
 * Redis.
 */
const replacing: Readonly<Record<string, readonly string[]>> = {
  ReplicationGroup: [
    ...[
      "atRestEncryptionEnabled",
      "dataTieringEnabled",
      "globalReplicationGroupId",
      "kmsKeyId",
      "networkType",
    ],
    ...["nodeGroupConfigurations", "port", "region", "replicationGroupId", "securityGroupNames"],
    ...["snapshotArns", "snapshotName", "subnetGroupName"],
  ],
  GlobalReplicationGroup: ["globalReplicationGroupIdSuffix", "primaryReplicationGroupId", "region"],
  SubnetGroup: ["name", "region"],
  SecurityGroup: ["description", "name", "namePrefix", "region", "vpcId"],
};

/** The resources of these types that a change would replace, each with the reason. */
async function replaced(before: object, after: object): Promise<string[]> {
  const store = { ...elasticache, secondary };
  const changed = await changes(
    { sessionStore: { ...store, ...before } },
    { sessionStore: { ...store, ...after } },
  );
  return Object.entries(changed).flatMap(([key, fields]) => {
    const [type = ""] = key.split(" ");
    return fields
      .map((field) => field.split(".")[0] ?? "")
      .filter((field) => replacing[type]?.includes(field))
      .map((field) => `${key}: ${field}`);
  });
}

describe("what AWS cannot change in place", () => {
  test.each<[string, object]>([
    ["another node type", { nodeType: "cache.r7g.2xlarge" }],
    ["a later version", { engineVersion: "9.0" }],
    ["one replica more", { replicas: 2 }],
    [
      "other windows and snapshots",
      { maintenanceWindow: "mon:03:00-mon:04:00", snapshots: { retentionDays: 1 } },
    ],
    ["another token", { authTokenVersion: 2 }],
    ["other thresholds", { alarms: { memoryPercent: 50 } }],
    [
      "one subnet more",
      { subnets: [...elasticache.subnets, { id: "subnet-0a1b2c3d4e5f60713", cidr: "10.20.96.0/20" }] },
    ],
    ["no protection", { protect: false }],
    ["one replica more in the second region", { secondary: { ...secondary, replicas: 2 } }],
  ])("is not changed by %s", async (_what, change) => {
    expect(await replaced({}, change)).toEqual([]);
  });

  test("is changed by another key, which the engine then refuses, since the group is protected", async () => {
    const kmsKeyArn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000";
    expect(await replaced({}, { kmsKeyArn })).toEqual(["ReplicationGroup redis-group: kmsKeyId"]);
    const resources = await resourcesOf({ sessionStore: { ...elasticache, kmsKeyArn } });
    expect(resources.get("ReplicationGroup redis-group")?.protect).toBe(true);
  });

  test("is tested by names that the resources have", async () => {
    const store = { ...elasticache, secondary, kmsKeyArn: "arn:aws:kms:eu-central-1:1:key/1" };
    const resources = [...(await resourcesOf({ sessionStore: store })).values()];
    const typesOf = (type: string) => resources.filter((one) => one.type.endsWith(`:${type}`));
    for (const [type, fields] of Object.entries(replacing)) {
      const used = typesOf(type).flatMap(({ inputs }) => Object.keys(inputs));
      expect([type, fields.filter((field) => used.includes(field)).length > 0]).toEqual([type, true]);
    }
  });
});

describe("what Kubernetes cannot change in place", () => {
  /**
   * A new name is a new object. A new selector or claim cannot be applied to an old object, nor another load balancer class or
   * address to a Service.
   */
  const immutable = [
    "metadata.name",
    "metadata.namespace",
    "spec.clusterIP",
    "spec.loadBalancerClass",
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
        edge: { timeoutSeconds: 7_200 },
        auth: { kind: "jwt", jwksUrl: "https://id.example/jwks" },
        minReadySeconds: 20,
      },
    );
    const fields = Object.values(changed).flat();
    expect(fields.length).toBeGreaterThan(0);
    expect(fields.filter((field) => immutable.some((path) => field.startsWith(path)))).toEqual([]);
  });

  test("has no fixed name if new content must be a new object", async () => {
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
