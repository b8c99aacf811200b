import * as pulumi from "@pulumi/pulumi";
import * as aws from "./aws";
import type { ElastiCacheConfig } from "./schema";

/** A replication group, as its alarms use it. */
export interface AlarmedGroup extends Pick<ElastiCacheConfig, "shards" | "replicas"> {
  readonly id: pulumi.Input<string>;
}

export interface StoreAlarmsArgs {
  readonly group: AlarmedGroup;
  readonly thresholds: Omit<ElastiCacheConfig["alarms"], "topicArns">;
  /** SNS topics that are notified when an alarm goes off, and when it is over. */
  readonly topicArns: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Defaults to the provider's own. */
  readonly region?: string;
}

/** A problem of a shard that any of its nodes can show. */
interface Alarm {
  readonly name: string;
  /**
   * A metric of the namespace AWS/ElastiCache: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html
   */
  readonly metric: string;
  readonly statistic: "Maximum" | "Sum";
  /** The alarm goes off above this value. */
  readonly threshold: number;
  /** How many minutes in a row the value must be above the threshold. */
  readonly minutes: number;
  readonly description: string;
}

function alarmsOf({ group, thresholds }: StoreAlarmsArgs): Alarm[] {
  const { memoryPercent, cpuPercent, replicationLagSeconds } = thresholds;
  const lag: Alarm = {
    name: "replication-lag",
    metric: "ReplicationLag",
    statistic: "Maximum",
    threshold: replicationLagSeconds,
    minutes: 5,
    description:
      "A failover now would lose this many seconds of acknowledged messages. Is the primary's write load too high?",
  };
  return [
    {
      name: "memory",
      metric: "DatabaseMemoryUsagePercentage",
      statistic: "Maximum",
      threshold: memoryPercent,
      minutes: 5,
      description:
        "At 100 % every publish fails: nothing is evicted. Take a larger node type or more shards, or keep less history.",
    },
    {
      name: "cpu",
      metric: "EngineCPUUtilization",
      statistic: "Maximum",
      threshold: cpuPercent,
      minutes: 5,
      description:
        "One thread runs all scripts of a shard; beyond it every message waits. Take more shards, or a faster node type.",
    },
    {
      name: "evictions",
      metric: "Evictions",
      statistic: "Sum",
      threshold: 0,
      minutes: 1,
      description:
        "Sessions or history are thrown away. maxmemory-policy is not noeviction: is the parameter group still Holdfast's?",
    },
    ...(group.replicas === 0 ? [] : [lag]),
  ];
}

/**
 * Creates alarms for each shard, over all of its nodes together: after a failover the same alarm watches the same shard. The
 * number of shards comes from the configuration, so shards that AWS' own scaling adds are not watched.
 */
export function storeAlarms(name: string, args: StoreAlarmsArgs, opts: pulumi.CustomResourceOptions): void {
  const { group, topicArns, tags, region } = args;
  for (const shard of shardsOf(group)) {
    for (const alarm of alarmsOf(args)) {
      new aws.cloudwatch.MetricAlarm(
        `${name}-${[...shard.name, alarm.name].join("-")}`,
        {
          alarmDescription: alarm.description,
          comparisonOperator: "GreaterThanThreshold",
          threshold: alarm.threshold,
          evaluationPeriods: alarm.minutes,
          // A node that is being replaced reports nothing, which says nothing about the others.
          treatMissingData: "missing",
          metricQueries: highestOf(alarm, shard.nodes),
          alarmActions: [...topicArns],
          okActions: [...topicArns],
          tags,
          ...(region === undefined ? {} : { region }),
        },
        opts,
      );
    }
  }
}

interface Shard {
  readonly name: readonly string[];
  /** The id of each node's cache cluster, which is the dimension of the metrics. */
  readonly nodes: readonly pulumi.Input<string>[];
}

/**
 * Nodes are numbered `ID-001`; with cluster mode `ID-0001-001`, with shard and node.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis-RedisCluster.html
 */
function shardsOf({ id, shards, replicas }: AlarmedGroup): Shard[] {
  const nodes = (prefix: string) =>
    Array.from({ length: replicas + 1 }, (_, i) => pulumi.interpolate`${id}-${prefix}${digits(i + 1, 3)}`);
  if (shards === undefined) return [{ name: [], nodes: nodes("") }];
  return Array.from({ length: shards }, (_, i) => {
    const shard = digits(i + 1, 4);
    return { name: [shard], nodes: nodes(`${shard}-`) };
  });
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}

/** The highest value of the nodes in each minute. An alarm may use ten metrics; a shard has at most six nodes. */
function highestOf(
  { metric, statistic, name }: Alarm,
  nodes: readonly pulumi.Input<string>[],
): aws.types.input.cloudwatch.MetricAlarmMetricQuery[] {
  const each = nodes.map((node, i) => ({
    id: `node${i + 1}`,
    metric: {
      namespace: "AWS/ElastiCache",
      metricName: metric,
      period: 60,
      stat: statistic,
      dimensions: { CacheClusterId: node },
    },
  }));
  const ids = each.map(({ id }) => id).join(", ");
  return [...each, { id: "highest", label: name, expression: `MAX([${ids}])`, returnData: true }];
}
