import * as pulumi from "@pulumi/pulumi";
import { storeAlarms } from "./alarms";
import * as aws from "./aws";
import { storeNetwork } from "./network";
import { access, times, maintenance } from "./replication-group";
import type { ElastiCacheValues, SecondaryConfig } from "./schema";

interface Primary {
  readonly group: aws.elasticache.ReplicationGroup;
  readonly token: pulumi.Output<string>;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: pulumi.CustomResourceOptions;
  readonly child: pulumi.CustomResourceOptions;
}

/** A copy in another region, which you promote if the first region is lost; see docs/decisions/0023-multi-region.md. */
export function secondRegion(
  name: string,
  config: ElastiCacheValues & { readonly secondary: SecondaryConfig },
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
      // The global datastore decides the number of shards; without shards, nodes are counted.
      ...(shards === undefined ? { numCacheClusters: replicas + 1 } : { replicasPerNodeGroup: replicas }),
      multiAzEnabled: multiAz && replicas > 0,
      automaticFailoverEnabled: replicas > 0 || shards !== undefined,
      ...access(config, network, token),
      ...maintenance(config),
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
