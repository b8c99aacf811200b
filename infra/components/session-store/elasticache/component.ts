import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { stackLabels } from "../../../labels";
import { redisPort } from "../../../ports";
import type { SecretKey, SessionStore } from "../session-store";
import { storeAlarms } from "./alarms";
import * as aws from "./aws";
import { storeNetwork } from "./network";
import { argumentError, parseArgs, type FlatArgs } from "../../flat-args";
import { lift } from "../../input";
import { elasticacheIssues } from "./issues";
import {
  elasticacheSchema,
  type ElastiCacheValues as ElastiCacheConfig,
  type FromResources,
  type SecondaryConfig,
} from "./schema";

export interface ElastiCacheStoreArgs extends FlatArgs<typeof elasticacheSchema, FromResources> {
  /** Of the Secret with its URL. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
}

/**
 * A Valkey or Redis that AWS runs: replication group, parameter group, subnet group, security group, generated auth
 * token, alarms, and the Secret with its URL. Guards against what loses sessions: a zone that fails (a replica in
 * another one, automatic failover), eviction (noeviction, an alarm on memory), a password or messages that can be read
 * on the way or on disk (TLS, encryption at rest), a change that replaces the store or a destroy in the wrong stack
 * (protect). ElastiCache Serverless is left out: it evicts, and cannot be told not to.
 *
 * Costs a node-hour for each node (`(replicas + 1) × shards`), see docs/costs.md. Creation takes a quarter of an hour or so.
 */
export class ElastiCacheStore extends pulumi.ComponentResource implements SessionStore {
  readonly url: SecretKey;
  readonly mode: "single" | "cluster";
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;
  readonly standbyUrl?: pulumi.Output<string>;

  constructor(
    name: string,
    { namespace = "default", ...own }: ElastiCacheStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("holdfast:index:ElastiCacheStore", name, { ...own, namespace }, opts);
    const where = `ElastiCacheStore ${name}`;
    const config = parseArgs<typeof elasticacheSchema, FromResources>(where, elasticacheSchema, own);
    const issues = elasticacheIssues(config);
    if (issues.length > 0) throw argumentError(where, issues);
    const child = { parent: this };
    const data = { ...child, protect: config.protect };
    const tags = { ...stackLabels, "app.kubernetes.io/instance": pulumi.getStack() };

    const token = authToken(`${name}-token`, config, child);
    const parameters = parameterGroup(`${name}-parameters`, config, tags, child);
    const network = storeNetwork(name, { ...config, tags }, child);
    const group = new aws.elasticache.ReplicationGroup(
      `${name}-group`,
      {
        description: `Holdfast's sessions and rooms, stack ${pulumi.getStack()}`,
        ...engine(config),
        nodeType: config.nodeType,
        ...size(config),
        parameterGroupName: parameters.name,
        ...access(config, network, token),
        ...upkeep(config),
        transitEncryptionEnabled: true,
        transitEncryptionMode: "required",
        atRestEncryptionEnabled: true,
        ...(config.kmsKeyArn === undefined ? {} : { kmsKeyId: config.kmsKeyArn }),
        tags,
      },
      { ...data, ...ownedByGlobalDatastore(config), customTimeouts: times },
    );
    const { alarms } = config;
    storeAlarms(
      `${name}-alarm`,
      { group: { ...config, id: group.id }, thresholds: alarms, topicArns: alarms.topicArns, tags },
      child,
    );

    // Named by Pulumi, and new with each new token, so that pods roll; see docs/decisions/0020-secrets-roll-pods.md.
    const secret = new k8s.core.v1.Secret(
      `${name}-auth`,
      { metadata: { namespace, labels: stackLabels }, stringData: { url: urlOf(config, group, token) } },
      { ...child, replaceOnChanges: ["stringData"] },
    );
    this.url = { name: secret.metadata.name, key: "url" };
    this.mode = config.shards === undefined ? "single" : "cluster";
    this.egress = {
      to: lift([config.subnets], (subnets) => subnets.map(({ cidr }) => ({ ipBlock: { cidr } }))),
      ports: [{ protocol: "TCP", port: redisPort }],
    };
    if (config.secondary !== undefined) {
      const standby = secondRegion(
        name,
        { ...config, secondary: config.secondary },
        { group, token, tags, data, child },
      );
      this.standbyUrl = urlOf(config, standby, token);
    }
    this.registerOutputs({ url: this.url, mode: this.mode });
  }
}

/** AWS needs a quarter of an hour for a group, more for a large one, and longest to change the type of its nodes. */
const times = { create: "60m", update: "120m", delete: "60m" };

type GroupArgs = Partial<aws.elasticache.ReplicationGroupArgs>;

/**
 * Letters and digits only: it stands in a URL without quoting, and AWS allows few other characters.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
 */
function authToken(
  name: string,
  { authTokenVersion }: ElastiCacheConfig,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const kinds = { minUpper: 1, minLower: 1, minNumeric: 1 };
  const keepers = { version: String(authTokenVersion) };
  return new random.RandomPassword(name, { length: 64, special: false, ...kinds, keepers }, opts).result;
}

/**
 * Of its own, because the default ones evict (volatile-lru), and cluster mode is a parameter. The rest of AWS' values
 * are ours too: subscribers are cut at 32 MiB, or at 8 MiB for a minute; a quarter of the memory is left for buffers.
 */
function parameterGroup(
  name: string,
  { engine, engineVersion, shards }: ElastiCacheConfig,
  tags: Readonly<Record<string, string>>,
  opts: pulumi.CustomResourceOptions,
): aws.elasticache.ParameterGroup {
  const parameters = [
    { name: "maxmemory-policy", value: "noeviction" },
    ...(shards === undefined ? [] : [{ name: "cluster-enabled", value: "yes" }]),
  ];
  const family = `${engine}${engineVersion.split(".")[0] ?? ""}`;
  return new aws.elasticache.ParameterGroup(
    name,
    { family, description: "Holdfast: nothing is evicted", parameters, tags },
    opts,
  );
}

/** Patches within the version come by themselves, in the maintenance window, replica after replica. */
function engine({ engine, engineVersion }: ElastiCacheConfig): GroupArgs {
  return { engine, engineVersion, autoMinorVersionUpgrade: true };
}

function size({ shards, replicas, multiAz }: ElastiCacheConfig): GroupArgs {
  const nodes =
    shards === undefined
      ? { numCacheClusters: replicas + 1 }
      : { numNodeGroups: shards, replicasPerNodeGroup: replicas };
  // Cluster mode wants it always; else it needs somebody to fail over to.
  return {
    ...nodes,
    multiAzEnabled: multiAz,
    automaticFailoverEnabled: replicas > 0 || shards !== undefined,
  };
}

/** A changed token is added to the old one (ROTATE), so pods with either are let in while they are replaced. */
function access(
  config: Pick<ElastiCacheConfig, "applyImmediately">,
  {
    subnetGroupName,
    securityGroupId,
  }: { subnetGroupName: pulumi.Input<string>; securityGroupId: pulumi.Input<string> },
  authToken: pulumi.Output<string>,
): GroupArgs {
  return {
    subnetGroupName,
    securityGroupIds: [securityGroupId],
    port: redisPort,
    authToken,
    authTokenUpdateStrategy: "ROTATE",
    applyImmediately: config.applyImmediately,
  };
}

function upkeep({ maintenanceWindow, snapshots }: ElastiCacheConfig): GroupArgs {
  return {
    maintenanceWindow,
    snapshotRetentionLimit: snapshots.retentionDays,
    snapshotWindow: snapshots.window,
    ...(snapshots.finalName === undefined ? {} : { finalSnapshotIdentifier: snapshots.finalName }),
  };
}

/**
 * What a global datastore decides for all of its members, so that AWS refuses it of one. Type and number of nodes are
 * changed through the datastore; a new engine version is its owner's to start, by AWS' console or CLI. AWS also turns
 * minor upgrades by themselves off, and takes failover for its own.
 * https://github.com/hashicorp/terraform-provider-aws/issues/47644
 * https://github.com/terraform-aws-modules/terraform-aws-elasticache/issues/7
 */
function ownedByGlobalDatastore({ secondary }: ElastiCacheConfig): pulumi.CustomResourceOptions {
  if (secondary === undefined) return {};
  return {
    ignoreChanges: [
      ...["nodeType", "engine", "engineVersion", "numNodeGroups", "parameterGroupName"],
      ...["automaticFailoverEnabled", "autoMinorVersionUpgrade"],
    ],
  };
}

/** By TLS. In cluster mode this endpoint names the nodes; without, its name follows the primary. */
function urlOf(
  { shards }: ElastiCacheConfig,
  group: aws.elasticache.ReplicationGroup,
  token: pulumi.Output<string>,
): pulumi.Output<string> {
  const host = shards === undefined ? group.primaryEndpointAddress : group.configurationEndpointAddress;
  return pulumi.interpolate`rediss://:${token}@${host}:${redisPort}`;
}

interface Primary {
  readonly group: aws.elasticache.ReplicationGroup;
  readonly token: pulumi.Output<string>;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: pulumi.CustomResourceOptions;
  readonly child: pulumi.CustomResourceOptions;
}

/** A copy in another region, which somebody promotes when the first is lost; docs/decisions/0023-multi-region.md. */
function secondRegion(
  name: string,
  config: ElastiCacheConfig & { readonly secondary: SecondaryConfig },
  { group, token, tags, data, child }: Primary,
): aws.elasticache.ReplicationGroup {
  const { secondary, multiAz, shards } = config;
  const { region, replicas } = secondary;
  const global = new aws.elasticache.GlobalReplicationGroup(
    `${name}-global`,
    {
      globalReplicationGroupIdSuffix: `holdfast-${pulumi.getStack()}`,
      globalReplicationGroupDescription: `Holdfast's sessions and rooms, stack ${pulumi.getStack()}`,
      primaryReplicationGroupId: group.id,
      cacheNodeType: config.nodeType,
      ...(shards === undefined ? {} : { numNodeGroups: shards }),
    },
    { ...data, customTimeouts: times },
  );
  const network = storeNetwork(`${name}-standby`, { ...secondary, tags }, child);
  const standby = new aws.elasticache.ReplicationGroup(
    `${name}-standby`,
    {
      region,
      description: `The copy of Holdfast's sessions and rooms, stack ${pulumi.getStack()}`,
      globalReplicationGroupId: global.globalReplicationGroupId,
      // Shards are the global datastore's; without them, nodes are counted.
      ...(shards === undefined ? { numCacheClusters: replicas + 1 } : { replicasPerNodeGroup: replicas }),
      multiAzEnabled: multiAz && replicas > 0,
      automaticFailoverEnabled: replicas > 0 || shards !== undefined,
      ...access(config, network, token),
      ...upkeep(config),
      tags,
    },
    { ...data, customTimeouts: times, ignoreChanges: ["automaticFailoverEnabled"] },
  );
  storeAlarms(
    `${name}-standby-alarm`,
    {
      group: { shards, replicas, id: standby.id },
      thresholds: config.alarms,
      topicArns: secondary.alarmTopicArns,
      tags,
      region,
    },
    child,
  );
  return standby;
}
