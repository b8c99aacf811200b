import * as pulumi from "@pulumi/pulumi";
import { redisPort } from "../../../ports";
import * as aws from "./aws";
import type { ElastiCacheValues } from "./schema";

/** The parts of a replication group, each from the keys of the configuration that decide it. */

/** AWS needs a quarter of an hour for a group, more for a large one, and longest to change the type of its nodes. */
export const times = { create: "60m", update: "120m", delete: "60m" };

type GroupArgs = Partial<aws.elasticache.ReplicationGroupArgs>;

/**
 * Of its own, because the default ones evict (volatile-lru), and cluster mode is a parameter. The rest of AWS' values
 * are ours too: subscribers are cut at 32 MiB, or at 8 MiB for a minute; a quarter of the memory is left for buffers.
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

/** Patches within the version come by themselves, in the maintenance window, replica after replica. */
export function engine({ engine, engineVersion }: ElastiCacheValues): GroupArgs {
  return { engine, engineVersion, autoMinorVersionUpgrade: true };
}

export function size({ shards, replicas, multiAz }: ElastiCacheValues): GroupArgs {
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

export function upkeep({ maintenanceWindow, snapshots }: ElastiCacheValues): GroupArgs {
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
export function ownedByGlobalDatastore({ secondary }: ElastiCacheValues): pulumi.CustomResourceOptions {
  if (secondary === undefined) return {};
  return {
    ignoreChanges: [
      ...["nodeType", "engine", "engineVersion", "numNodeGroups", "parameterGroupName"],
      ...["automaticFailoverEnabled", "autoMinorVersionUpgrade"],
    ],
  };
}

/** By TLS. In cluster mode this endpoint names the nodes; without, its name follows the primary. */
export function urlOf(
  { shards }: ElastiCacheValues,
  group: aws.elasticache.ReplicationGroup,
  token: pulumi.Output<string>,
): pulumi.Output<string> {
  const host = shards === undefined ? group.primaryEndpointAddress : group.configurationEndpointAddress;
  return pulumi.interpolate`rediss://:${token}@${host}:${redisPort}`;
}
