import * as pulumi from "@pulumi/pulumi";
import { redisPort } from "../../../ports";
import * as aws from "./aws";
import type { ElastiCacheValues } from "./schema";

/** The parts of a replication group, each built from its configuration keys. */

/** AWS needs a quarter of an hour for a group, more for a large one, and longest to change the node type. */
export const times = { create: "60m", update: "120m", delete: "60m" };

type GroupArgs = Partial<aws.elasticache.ReplicationGroupArgs>;

/**
 * The store has its own parameter group, because the default ones evict (volatile-lru), and cluster mode is a parameter. AWS'
 * other values are kept: subscribers are cut at 32 MiB, or at 8 MiB for a minute, and a quarter of the memory is reserved for
 * buffers.
 */
export function parameterGroup(
  name: string,
  { engine, engineVersion, shards }: ElastiCacheValues,
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

/** AWS installs patches of the version by itself, in the maintenance window, one replica after the other. */
export function engine({ engine, engineVersion }: ElastiCacheValues): GroupArgs {
  return { engine, engineVersion, autoMinorVersionUpgrade: true };
}

export function size({ shards, replicas, multiAz }: ElastiCacheValues): GroupArgs {
  const nodes =
    shards === undefined
      ? { numCacheClusters: replicas + 1 }
      : { numNodeGroups: shards, replicasPerNodeGroup: replicas };
  // Cluster mode always requires it; otherwise it requires a replica to fail over to.
  return {
    ...nodes,
    multiAzEnabled: multiAz,
    automaticFailoverEnabled: replicas > 0 || shards !== undefined,
  };
}

/** A changed token is added to the old one (ROTATE), so that pods with either token can connect while they are replaced. */
export function access(
  config: Pick<ElastiCacheValues, "applyImmediately">,
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

export function maintenance({ maintenanceWindow, snapshots }: ElastiCacheValues): GroupArgs {
  return {
    maintenanceWindow,
    snapshotRetentionLimit: snapshots.retentionDays,
    snapshotWindow: snapshots.window,
    ...(snapshots.finalName === undefined ? {} : { finalSnapshotIdentifier: snapshots.finalName }),
  };
}

/**
 * Settings that a global datastore decides for all of its members, so AWS refuses them for a single one. Type and number of nodes
 * are changed through the datastore. Its owner starts a new engine version with AWS' console or CLI. AWS also turns automatic
 * minor upgrades off, and manages failover itself. https://github.com/hashicorp/terraform-provider-aws/issues/47644
 * https://github.com/terraform-aws-modules/terraform-aws-elasticache/issues/7
 */
export function ownedByGlobalDatastore({ secondary }: ElastiCacheValues): pulumi.CustomResourceOptions {
  if (secondary === undefined) return {};
  return {
    ignoreChanges: [
      ...["nodeType", "engine", "engineVersion", "numNodeGroups", "parameterGroupName"],
      ...["automaticFailoverEnabled", "autoMinorVersionUpgrade"],
    ],
  };
}

/** A URL with TLS. In cluster mode this endpoint lists the nodes; otherwise its name follows the primary. */
export function urlOf(
  { shards }: ElastiCacheValues,
  group: aws.elasticache.ReplicationGroup,
  token: pulumi.Output<string>,
): pulumi.Output<string> {
  const host = shards === undefined ? group.primaryEndpointAddress : group.configurationEndpointAddress;
  return pulumi.interpolate`rediss://:${token}@${host}:${redisPort}`;
}
