import type * as aws from "@pulumi/aws";
import { createSessionStore } from "../../infra/components/session-store";
import { elasticacheSchema } from "../../infra/components/session-store/elasticache/schema";
import type { Evaluation } from "../../ops/render/evaluate";
import { deployed, inputsOf, kindsOf, resourceOf } from "./deployed";
import { elasticache, secondary } from "./elasticache";
import { issuesOf } from "./config-issues";

/** The resources of a configuration; evaluated once for all tests. */
function store(change: object = {}): Promise<Evaluation> {
  const key = JSON.stringify(change);
  const made = stores.get(key) ?? evaluate(change);
  stores.set(key, made);
  return made;
}

const stores = new Map<string, Promise<Evaluation>>();

function evaluate(change: object): Promise<Evaluation> {
  const config = elasticacheSchema.parse({ ...elasticache, ...change });
  return deployed(() => {
    const made = createSessionStore("redis", { config, namespace: "nova", externalUrl: undefined });
    const { url, mode, egress, standbyUrl } = made;
    return { url, mode, egress, ...(standbyUrl === undefined ? {} : { standbyUrl }) };
  });
}

/** The inputs of the replication group to which the application writes. */
async function groupOf(change: object = {}): Promise<aws.elasticache.ReplicationGroupArgs> {
  return inputsOf(await store(change), "ReplicationGroup", "redis-group");
}

function rulesOf({ resources }: Evaluation): aws.vpc.SecurityGroupIngressRuleArgs[] {
  return resources
    .filter(({ type }) => type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    .map(({ inputs }) => inputs as unknown as aws.vpc.SecurityGroupIngressRuleArgs);
}

describe("the store elasticache", () => {
  test("is a group with its parameters, its network, its token, its URL and its alarms", async () => {
    expect(kindsOf(await store())).toEqual([
      "MetricAlarm",
      "MetricAlarm",
      "MetricAlarm",
      "MetricAlarm",
      "ParameterGroup",
      "RandomPassword",
      "ReplicationGroup",
      "Secret",
      "SecurityGroup",
      "SecurityGroupIngressRule",
      "SubnetGroup",
    ]);
  });

  test("is a Valkey with a replica in another zone, encrypted on the network and on disk", async () => {
    expect(await groupOf()).toMatchObject({
      engine: "valkey",
      engineVersion: "8.1",
      nodeType: "cache.r7g.large",
      numCacheClusters: 2,
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
      transitEncryptionEnabled: true,
      transitEncryptionMode: "required",
      atRestEncryptionEnabled: true,
    });
  });

  test("leaves its name to Pulumi, so that a replacement could be made before the old one is deleted", async () => {
    expect(await groupOf()).not.toHaveProperty("replicationGroupId");
  });

  test("has a token that Pulumi treats as a secret, in a form that AWS accepts", async () => {
    const evaluation = await store();
    const group = resourceOf(evaluation, "ReplicationGroup");
    expect(group.secretInputs).toEqual(["authToken"]);
    expect(group.inputs).toMatchObject({
      authToken: "value-of-redis-token",
      authTokenUpdateStrategy: "ROTATE",
    });
    // 16 to 128 characters, with few special ones.
    expect(inputsOf(evaluation, "RandomPassword")).toMatchObject({
      length: 64,
      special: false,
      minUpper: 1,
      minLower: 1,
      minNumeric: 1,
    });
  });

  test("is reached by TLS, at a URL in a Secret that Pulumi names", async () => {
    const secret = resourceOf(await store(), "Secret");
    expect(secret.secretInputs).toEqual(["stringData"]);
    expect(secret.replaceOnChanges).toEqual(["stringData"]);
    expect(secret.inputs.metadata).not.toHaveProperty("name");
    expect(secret.inputs.stringData).toEqual({
      url: "rediss://:value-of-redis-token@<redis-group.primaryEndpointAddress>:6379",
    });
  });

  test("tells the application how to read the URL, and pods where they may connect", async () => {
    const { outputs } = await store();
    expect(outputs).toMatchObject({
      mode: "single",
      egress: {
        to: [{ ipBlock: { cidr: "10.20.64.0/20" } }, { ipBlock: { cidr: "10.20.80.0/20" } }],
        ports: [{ protocol: "TCP", port: 6379 }],
      },
    });
    expect(outputs).not.toHaveProperty("standbyUrl");
  });

  test("evicts nothing", async () => {
    expect(inputsOf(await store(), "ParameterGroup")).toMatchObject({
      family: "valkey8",
      parameters: [{ name: "maxmemory-policy", value: "noeviction" }],
    });
    expect((await groupOf()).parameterGroupName).toBe("<redis-parameters.name>");
  });

  test("allows only its configured clients, with a rule for each, and no connection out", async () => {
    const clients = {
      securityGroupIds: ["sg-0a1b2c3d4e5f60719", "sg-0a1b2c3d4e5f60720"],
      cidrs: ["10.20.0.0/16", "2001:db8::/56"],
    };
    const evaluation = await store({ clients });
    expect(inputsOf(evaluation, "SecurityGroup")).not.toHaveProperty("egress");
    const rules = rulesOf(evaluation);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        securityGroupId: "<redis-access.id>",
        ipProtocol: "tcp",
        fromPort: 6379,
        toPort: 6379,
      });
    }
    const sources = rules.map(({ referencedSecurityGroupId, cidrIpv4, cidrIpv6 }) => [
      referencedSecurityGroupId,
      cidrIpv4,
      cidrIpv6,
    ]);
    expect(sources).toHaveLength(4);
    expect(sources).toEqual(
      expect.arrayContaining([
        ["sg-0a1b2c3d4e5f60719", undefined, undefined],
        ["sg-0a1b2c3d4e5f60720", undefined, undefined],
        [undefined, "10.20.0.0/16", undefined],
        [undefined, undefined, "2001:db8::/56"],
      ]),
    );
    expect((await groupOf()).securityGroupIds).toEqual(["<redis-access.id>"]);
    expect((await groupOf()).subnetGroupName).toBe("<redis-subnets.name>");
  });

  test.each([
    { what: "unless told otherwise", change: {}, kept: ["redis-group"] },
    { what: "not where sessions do not matter", change: { protect: false }, kept: [] },
    {
      what: "with its copy in another region",
      change: { secondary },
      kept: ["redis-global", "redis-group", "redis-standby"],
    },
  ])("is protected, $what", async ({ change, kept }) => {
    const { resources } = await store(change);
    const names = resources.filter(({ protect }) => protect).map(({ name }) => name);
    expect(names.sort()).toEqual(kept);
  });

  test("has alarms while it is small, and keeps snapshots for a week", async () => {
    const group = await groupOf();
    expect(group).toMatchObject({
      maintenanceWindow: "sun:03:00-sun:04:00",
      snapshotWindow: "01:00-02:00",
      snapshotRetentionLimit: 7,
      autoMinorVersionUpgrade: true,
      applyImmediately: false,
    });
    expect(group).not.toHaveProperty("finalSnapshotIdentifier");
    expect(await groupOf({ snapshots: { finalName: "holdfast-last", retentionDays: 1 } })).toMatchObject({
      finalSnapshotIdentifier: "holdfast-last",
      snapshotRetentionLimit: 1,
    });
  });

  test("accepts your own KMS key", async () => {
    const kmsKeyArn = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
    expect(await groupOf({ kmsKeyArn })).toMatchObject({ kmsKeyId: kmsKeyArn });
    expect(await groupOf()).not.toHaveProperty("kmsKeyId");
  });

  test("can be one node without a failover", async () => {
    expect(await groupOf({ replicas: 0, multiAz: false })).toMatchObject({
      numCacheClusters: 1,
      automaticFailoverEnabled: false,
      multiAzEnabled: false,
    });
  });

  test("can be a Redis", async () => {
    const redis = { engine: "redis", engineVersion: "7.1" };
    expect(await groupOf(redis)).toMatchObject(redis);
    expect(inputsOf(await store(redis), "ParameterGroup").family).toBe("redis7");
  });
});

describe("the store elasticache with shards", () => {
  const shards = { shards: 3, replicas: 2 };

  test("runs in cluster mode, and the application knows it", async () => {
    const evaluation = await store(shards);
    const group = inputsOf(evaluation, "ReplicationGroup");
    expect(group).toMatchObject({
      numNodeGroups: 3,
      replicasPerNodeGroup: 2,
      automaticFailoverEnabled: true,
    });
    expect(group).not.toHaveProperty("numCacheClusters");
    expect(inputsOf(evaluation, "ParameterGroup").parameters).toEqual([
      { name: "maxmemory-policy", value: "noeviction" },
      { name: "cluster-enabled", value: "yes" },
    ]);
    expect(evaluation.outputs.mode).toBe("cluster");
    expect(resourceOf(evaluation, "Secret").inputs.stringData).toEqual({
      url: "rediss://:value-of-redis-token@<redis-group.configurationEndpointAddress>:6379",
    });
  });

  test("fails over even without configured replicas, as cluster mode requires", async () => {
    expect(await groupOf({ shards: 1, replicas: 0, multiAz: false })).toMatchObject({
      numNodeGroups: 1,
      automaticFailoverEnabled: true,
    });
  });

  test("has alarms for each shard", async () => {
    const names = alarms(await store(shards)).map(({ name }) => name);
    expect(names).toHaveLength(12);
    expect(names).toEqual(expect.arrayContaining(["redis-alarm-0001-memory", "redis-alarm-0003-cpu"]));
  });
});

function alarms({ resources }: Evaluation) {
  return resources
    .filter(({ type }) => type === "aws:cloudwatch/metricAlarm:MetricAlarm")
    .map(({ name, inputs }) => ({ name, ...(inputs as unknown as aws.cloudwatch.MetricAlarmArgs) }));
}

/** The queries of an alarm: metric, statistic and node of each query, then the expression over them. */
function queriesOf(evaluation: Evaluation, name: string) {
  const alarm = alarms(evaluation).find((one) => one.name === name);
  const queries = (alarm?.metricQueries ?? []) as aws.types.output.cloudwatch.MetricAlarmMetricQuery[];
  return queries.map(({ metric, expression }) =>
    metric === undefined
      ? expression
      : `${metric.stat} ${metric.metricName} ${String(metric.dimensions?.CacheClusterId)}`,
  );
}

describe("the alarms of the store elasticache", () => {
  test.each([
    { alarm: "memory", what: "Maximum DatabaseMemoryUsagePercentage", threshold: 75, minutes: 5 },
    { alarm: "cpu", what: "Maximum EngineCPUUtilization", threshold: 80, minutes: 5 },
    { alarm: "evictions", what: "Sum Evictions", threshold: 0, minutes: 1 },
    { alarm: "replication-lag", what: "Maximum ReplicationLag", threshold: 10, minutes: 5 },
  ])("watch $alarm of every node", async ({ alarm, what, threshold, minutes }) => {
    const evaluation = await store();
    const name = `redis-alarm-${alarm}`;
    expect(queriesOf(evaluation, name)).toEqual([
      `${what} <redis-group.id>-001`,
      `${what} <redis-group.id>-002`,
      "MAX([node1, node2])",
    ]);
    expect(alarms(evaluation).find((one) => one.name === name)).toMatchObject({
      comparisonOperator: "GreaterThanThreshold",
      threshold,
      evaluationPeriods: minutes,
    });
  });

  test("find the nodes of a shard by its number", async () => {
    expect(queriesOf(await store({ shards: 12 }), "redis-alarm-0012-memory").slice(0, 2)).toEqual([
      "Maximum DatabaseMemoryUsagePercentage <redis-group.id>-0012-001",
      "Maximum DatabaseMemoryUsagePercentage <redis-group.id>-0012-002",
    ]);
  });

  test("return one series, and use no more metrics than CloudWatch allows", async () => {
    for (const { metricQueries } of alarms(await store({ replicas: 5 }))) {
      const queries = metricQueries as aws.types.output.cloudwatch.MetricAlarmMetricQuery[];
      expect(queries.filter(({ returnData }) => returnData)).toHaveLength(1);
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
      expect(queries.filter(({ metric }) => metric !== undefined).length).toBeLessThanOrEqual(10);
    }
  });

  test("notify the configured topics, when they go off and when they are over", async () => {
    const topicArns = ["arn:aws:sns:eu-central-1:123456789012:on-call"];
    for (const { alarmActions, okActions } of alarms(await store({ alarms: { topicArns } }))) {
      expect([alarmActions, okActions]).toEqual([topicArns, topicArns]);
    }
  });

  test("go off at the configured thresholds", async () => {
    const thresholds = { memoryPercent: 60, cpuPercent: 50, replicationLagSeconds: 3 };
    const found = alarms(await store({ alarms: thresholds })).map(({ threshold }) => threshold);
    expect(found).toEqual(expect.arrayContaining([60, 50, 3, 0]));
  });

  test("have no lag to watch without a replica", async () => {
    const names = alarms(await store({ replicas: 0, multiAz: false })).map(({ name }) => name);
    expect(names).toHaveLength(3);
    expect(names).not.toContain("redis-alarm-replication-lag");
  });
});

describe("a second region of the store elasticache", () => {
  test("is a member of a global datastore whose primary is the first", async () => {
    const evaluation = await store({ secondary });
    expect(inputsOf(evaluation, "GlobalReplicationGroup")).toMatchObject({
      primaryReplicationGroupId: "<redis-group.id>",
      cacheNodeType: "cache.r7g.large",
    });
    const standby = inputsOf(evaluation, "ReplicationGroup", "redis-standby");
    expect(standby).toMatchObject({
      region: "eu-west-1",
      globalReplicationGroupId: "<redis-global.globalReplicationGroupId>",
      numCacheClusters: 2,
      securityGroupIds: ["<redis-standby-access.id>"],
      subnetGroupName: "<redis-standby-subnets.name>",
    });
    expect(resourceOf(evaluation, "ReplicationGroup", "redis-standby").secretInputs).toEqual(["authToken"]);
  });

  test("sets none of the fields that the global datastore decides, which AWS' provider would refuse", async () => {
    for (const shards of [{}, { shards: 2 }]) {
      const standby = inputsOf(await store({ secondary, ...shards }), "ReplicationGroup", "redis-standby");
      // ConflictsWith of global_replication_group_id, in the provider that @pulumi/aws wraps.
      const conflicts = [
        ...["numNodeGroups", "parameterGroupName", "engine", "engineVersion", "nodeType"],
        ...["transitEncryptionEnabled", "transitEncryptionMode", "atRestEncryptionEnabled"],
      ];
      expect(Object.keys(standby).filter((key) => conflicts.includes(key))).toEqual([]);
    }
  });

  test("leaves node type, shards, version and failover to the global datastore once there is one", async () => {
    const of = async (change: object, name = "redis-group") =>
      resourceOf(await store(change), "ReplicationGroup", name);
    expect((await of({})).ignoreChanges).toEqual([]);
    expect((await of({ secondary }, "redis-standby")).ignoreChanges).toEqual(["automaticFailoverEnabled"]);
    expect((await of({ secondary })).ignoreChanges).toEqual([
      "nodeType",
      "engine",
      "engineVersion",
      "numNodeGroups",
      "parameterGroupName",
      "automaticFailoverEnabled",
      "autoMinorVersionUpgrade",
    ]);
  });

  test("has its own network and alarms, in that region", async () => {
    const { resources } = await store({ secondary });
    const there = resources.filter(({ name }) => name.startsWith("redis-standby"));
    expect(there.map(({ inputs }) => inputs.region)).toEqual(there.map(() => "eu-west-1"));
    expect(there.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "redis-standby-subnets",
        "redis-standby-access-10.30.0.0-16",
        "redis-standby-access-2001-db8---56",
        "redis-standby-alarm-memory",
      ]),
    );
  });

  test("has a URL that the stack outputs as a secret", async () => {
    expect((await store({ secondary })).outputs).toMatchObject({
      standbyUrl: "rediss://:value-of-redis-token@<redis-standby.primaryEndpointAddress>:6379",
    });
  });
});

describe("the configuration of the store elasticache", () => {
  const issues = (change: object, rest: object = {}) =>
    issuesOf({ sessionStore: { ...elasticache, ...change }, ...rest });

  test("is valid with the required keys only", () => {
    expect(issues({})).toEqual([]);
    expect(issues({ secondary })).toEqual([]);
  });

  test.each([
    {
      name: "a Redis older than sharded pub/sub",
      change: { engine: "redis", engineVersion: "6.2" },
      issue: "sessionStore.engineVersion is 6.2, expected 7.0 or 7.1 for engine redis",
    },
    {
      name: "a Valkey that never was",
      change: { engineVersion: "7.1" },
      issue: "sessionStore.engineVersion is 7.1, expected 7.2 or newer for engine valkey",
    },
    {
      name: "nodes that keep data on disks",
      change: { nodeType: "cache.r6gd.xlarge" },
      issue:
        "sessionStore.nodeType is cache.r6gd.xlarge, expected a node type without data tiering, such as cache.r7g.large",
    },
    {
      name: "several zones for one node",
      change: { replicas: 0 },
      issue: "sessionStore.replicas is 0, expected at least 1, since multiAz needs a node to fail over to",
    },
    {
      name: "nobody who is let in",
      change: { clients: {} },
      issue:
        "sessionStore.clients is nobody, expected securityGroupIds or cidrs of the pods, which otherwise cannot reach the store",
    },
    {
      name: "one subnet",
      change: { subnets: elasticache.subnets.slice(0, 1) },
      issue: `sessionStore.subnets is ${JSON.stringify(elasticache.subnets.slice(0, 1))}, expected two subnets or more, each in another zone`,
    },
    {
      name: "a snapshot inside the maintenance",
      change: { maintenanceWindow: "sun:23:30-mon:01:30" },
      issue:
        "sessionStore.snapshots.window is 01:00-02:00, expected a window outside maintenanceWindow (sun:23:30-mon:01:30)",
    },
    {
      name: "a window that is too short",
      change: { snapshots: { window: "23:30-00:15" } },
      issue: "sessionStore.snapshots.window is 23:30-00:15, expected a window of 60 minutes or more",
    },
    {
      name: "a second region of burstable nodes",
      change: { secondary, nodeType: "cache.t4g.small" },
      issue:
        "sessionStore.nodeType is cache.t4g.small, expected an m5, r5 or newer type, since secondary is set",
    },
    {
      name: "an append-only file, which ElastiCache has not",
      rest: { session: { durability: "aof" } },
      issue:
        "session.durability is aof, expected memory or replica, because ElastiCache has no append-only file",
    },
    {
      name: "acknowledgements by replicas of many shards",
      change: { shards: 2 },
      rest: { session: { durability: "replica" } },
      issue:
        "session.durability is replica, expected memory, because sessionStore.shards turns cluster mode on",
    },
    {
      name: "acknowledgements by replicas that are not there",
      change: { replicas: 0, multiAz: false },
      rest: { session: { durability: "replica" } },
      issue: "session.durability is replica, expected memory, because sessionStore.replicas is 0",
    },
  ])("refuses $name", ({ change = {}, rest = {}, issue }) => {
    expect(issues(change, rest)).toEqual([issue]);
  });

  test("allows snapshots and maintenance to overlap if no snapshot is taken", () => {
    expect(issues({ maintenanceWindow: "sun:01:00-sun:02:00", snapshots: { retentionDays: 0 } })).toEqual([]);
  });

  test("does not allow waiting for replicas of an external Cluster, as the application does not", () => {
    const redisUrl = "redis://cache.example:6379";
    const values = { sessionStore: { kind: "external", mode: "cluster" }, redisUrl };
    expect(issuesOf({ ...values, session: { durability: "replica" } }, ["redisUrl"])).toEqual([
      "session.durability is replica, expected memory, because sessionStore.mode is cluster",
    ]);
  });
});
