import { z } from "zod";
import type { WithInputs } from "../../flat-args";
import { addressRange, bool, list, object, enumOf, text, int } from "../../../config/values";

const vpcId = text(/^vpc-[0-9a-f]{8,17}$/, "a VPC's id, vpc-…");
const securityGroupId = text(/^sg-[0-9a-f]{8,17}$/, "a security group's id, sg-…");
const topicArn = text(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:\S+$/, "an SNS topic's ARN, arn:aws:sns:…");

/** A subnet with its addresses: AWS needs the id, and the pods' NetworkPolicy the range. */
const subnet = object({
  /** The id of a subnet in the store's VPC. */
  id: text(/^subnet-[0-9a-f]{8,17}$/, "a subnet's id, subnet-…"),
  /** The subnet's address range, as `aws ec2 describe-subnets` shows it. */
  cidr: addressRange,
});

/** At least two, in two availability zones: a primary and its replica are never in the same zone. */
const subnets = list(subnet, "{ id, cidr }").min(2, { error: "two subnets or more, each in another zone" });

/** The clients that the store's security group allows. At least one security group or address range is required. */
const clients = object({
  /** Security groups of the node groups, or of the pods if they have their own. */
  securityGroupIds: list(securityGroupId, "security groups").default([]),
  /** Address ranges of the pods, if no security group identifies them. */
  cidrs: list(addressRange, "address ranges").default([]),
});

/** `ddd:hh:mm-ddd:hh:mm`, UTC. */
const weeklyWindow = text(
  /^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d$/,
  "a weekly window in UTC such as sun:03:00-sun:04:00",
);

/** `hh:mm-hh:mm`, UTC. */
const dailyWindow = text(
  /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/,
  "a daily window in UTC such as 01:00-02:00",
);

/**
 * Daily snapshots, in case the store is lost or damaged. In daily operation they are of no use, because sessions last for about
 * an hour.
 */
const snapshots = object({
  /** How long each daily snapshot is kept. Days; 0 takes none. */
  retentionDays: int(0, 35).default(7),
  /** When the daily snapshot is taken; choose the least busy time, outside the maintenance window. UTC, an hour or more. */
  window: dailyWindow.default("01:00-02:00"),
  /** The name of a last snapshot, which is taken when the store is deleted. Defaults to none. */
  finalName: text(/^[a-z]([a-z0-9]|-(?!-)){0,38}[a-z0-9]$/, "a snapshot's name").optional(),
});

/** CloudWatch alarms for each shard; see alarms.ts. */
const alarms = object({
  /** SNS topics to notify, in the store's own region. Without topics, alarms show in CloudWatch only. */
  topicArns: list(topicArn, "SNS topics").default([]),
  /** The alarm threshold for the memory for data. Per cent; at 100 every publish fails, because nothing is evicted. */
  memoryPercent: int(1, 100).default(75),
  /**
   * The alarm threshold for the one thread that runs scripts. Per cent; AWS suggests 90 as the limit, and the default leaves time
   * to act.
   */
  cpuPercent: int(1, 100).default(80),
  /** The alarm threshold for the delay of a replica. Seconds; a failover loses the writes of this time. */
  replicationLagSeconds: int(1, 3_600).default(10),
});

/** A second region with a copy of the store; see docs/decisions/0023-multi-region.md. */
const secondary = object({
  /** The region of the copy. */
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as eu-west-1"),
  /** The VPC in that region. */
  vpcId,
  /** The subnets in that region. */
  subnets,
  /** The clients in that region. */
  clients,
  /** The replicas in that region, besides the primary of the copy, so that it can fail over once it is promoted. */
  replicas: int(0, 5).default(1),
  /** SNS topics in that region. */
  alarmTopicArns: list(topicArn, "SNS topics").default([]),
});

export const elasticacheSchema = object({
  kind: z.literal("elasticache"),
  /** The engine. Valkey costs less and has an open licence. An existing Redis can become Valkey in place, but not the reverse. */
  engine: enumOf("valkey", "redis").default("valkey"),
  /** Major and minor version. A later one is an update in place, an earlier one a new store. */
  engineVersion: text(/^\d+\.\d+$/, "a version, major and minor, such as 8.1").default("8.1"),
  /** The node type, such as `cache.r7g.large`, which decides memory and price. Required, because it depends on your load. */
  nodeType: text(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, "a node type such as cache.r7g.large"),
  /**
   * Turns cluster mode on, with this many shards. Without it there is one primary. A room is in one shard, so shards help many
   * rooms, but not one busy room.
   */
  shards: int(1, 500).optional(),
  /** The replicas of each primary. Without one, a failing node loses its sessions. */
  replicas: int(0, 5).default(1),
  /** Puts primary and replicas into different zones and promotes a replica when the primary fails. */
  multiAz: bool.default(true),
  /** The VPC of the cluster's nodes, or one that they can reach. */
  vpcId,
  /** Private subnets of that VPC. */
  subnets,
  clients,
  /** The KMS key for encryption at rest. Defaults to AWS' own key for ElastiCache. Cannot be changed once the store exists. */
  kmsKeyArn: text(/^arn:aws[a-z-]*:kms:\S+:key\/\S+$/, "a KMS key's ARN").optional(),
  /** Increase it by hand to get a new auth token. Pods with the old one work until they are replaced. */
  authTokenVersion: int(1, 1_000_000).default(1),
  /** Applies changes of the store at once instead of in the next maintenance window. */
  applyImmediately: bool.default(false),
  /** When AWS may patch the store and apply waiting changes. UTC. */
  maintenanceWindow: weeklyWindow.default("sun:03:00-sun:04:00"),
  snapshots: snapshots.prefault({}),
  alarms: alarms.prefault({}),
  /** Pulumi refuses to delete or replace the store. Turn it off only if its sessions do not matter. */
  protect: bool.default(true),
  secondary: secondary.optional(),
});

export type ElastiCacheConfig = z.infer<typeof elasticacheSchema>;

/** The keys whose values may come from other resources. */
export type FromResources = "vpcId" | "subnets" | "kmsKeyArn";
export type ElastiCacheValues = WithInputs<ElastiCacheConfig, FromResources>;

export type SecondaryConfig = z.infer<typeof secondary>;
