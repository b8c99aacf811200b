import { z } from "zod";
import type { WithInputs } from "../../flat-args";
import { addressRange, bool, list, object, enumOf, text, int } from "../../../config/values";

const vpcId = text(/^vpc-[0-9a-f]{8,17}$/, "a VPC's id, vpc-…");
const securityGroupId = text(/^sg-[0-9a-f]{8,17}$/, "a security group's id, sg-…");
const topicArn = text(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:\S+$/, "an SNS topic's ARN, arn:aws:sns:…");

/** A subnet with its addresses: AWS wants the one, the pods' NetworkPolicy the other. */
const subnet = object({
  /** Of the store's VPC. */
  id: text(/^subnet-[0-9a-f]{8,17}$/, "a subnet's id, subnet-…"),
  /** Its range, as `aws ec2 describe-subnets` shows it. */
  cidr: addressRange,
});

/** Two, in two availability zones: a primary and its replica never share one. */
const subnets = list(subnet, "{ id, cidr }").min(2, { error: "two subnets or more, each in another zone" });

/** Whom the store's security group lets in; at least one of either. */
const clients = object({
  /** Of the node groups, or of the pods where they have security groups of their own. */
  securityGroupIds: list(securityGroupId, "security groups").default([]),
  /** Of the pods, where nothing else tells them apart. */
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
 * The oldest data of a lost store: sessions live for an hour or so, so snapshots are for what went wrong with the
 * store, not for its daily life.
 */
const snapshots = object({
  /** How long each daily snapshot is kept. Days; 0 takes none. */
  retentionDays: int(0, 35).default(7),
  /** When it is taken, at the least busy time; outside the maintenance window. UTC, an hour or more. */
  window: dailyWindow.default("01:00-02:00"),
  /** The name of a last snapshot, taken when the store is deleted; none unless given. */
  finalName: text(/^[a-z]([a-z0-9]|-(?!-)){0,38}[a-z0-9]$/, "a snapshot's name").optional(),
});

/** When CloudWatch says that something is wrong, for each shard; see alarms.ts. */
const alarms = object({
  /** SNS topics that are told, in the store's own region. None: alarms show, and tell nobody. */
  topicArns: list(topicArn, "SNS topics").default([]),
  /** Of the memory for data. Per cent; at 100 every publish fails, because nothing is evicted. */
  memoryPercent: int(1, 100).default(75),
  /** Of the one thread that runs scripts. Per cent; AWS suggests 90 as the limit, this leaves time to act. */
  cpuPercent: int(1, 100).default(80),
  /** How far a replica may be behind. Seconds; a failover then loses as much. */
  replicationLagSeconds: int(1, 3_600).default(10),
});

/** A second region that holds a copy; docs/decisions/0023-multi-region.md says what it is good for. */
const secondary = object({
  /** Where the copy lives. */
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as eu-west-1"),
  /** There. */
  vpcId,
  /** There. */
  subnets,
  /** There. */
  clients,
  /** Replicas there, beside what would be the primary; so that it can fail over once it is promoted. */
  replicas: int(0, 5).default(1),
  /** SNS topics there. */
  alarmTopicArns: list(topicArn, "SNS topics").default([]),
});

export const elasticacheSchema = object({
  kind: z.literal("elasticache"),
  /** Valkey costs less and has no licence to discuss; an existing Redis can become Valkey in place, never back. */
  engine: enumOf("valkey", "redis").default("valkey"),
  /** Major and minor. A later one is an update in place, an earlier one a new store. */
  engineVersion: text(/^\d+\.\d+$/, "a version, major and minor, such as 8.1").default("8.1"),
  /** Decides memory and price: `cache.r7g.large`; no default, because nobody else knows the load. */
  nodeType: text(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, "a node type such as cache.r7g.large"),
  /**
   * Turns cluster mode on, with this many shards; without it there is one primary. A room lies in one shard, so
   * shards help many rooms and not one busy one.
   */
  shards: int(1, 500).optional(),
  /** Of each primary. Without one, a node that fails takes its sessions away. */
  replicas: int(0, 5).default(1),
  /** Puts primary and replicas into different zones and promotes a replica when the primary fails. */
  multiAz: bool.default(true),
  /** The VPC of the cluster's nodes, or one that they reach. */
  vpcId,
  /** Private ones of that VPC. */
  subnets,
  clients,
  /** KMS key for what is on disk; AWS' own key for ElastiCache unless given. Fixed once the store exists. */
  kmsKeyArn: text(/^arn:aws[a-z-]*:kms:\S+:key\/\S+$/, "a KMS key's ARN").optional(),
  /** Counted up by hand to have a new auth token; pods with the old one go on until they are replaced. */
  authTokenVersion: int(1, 1_000_000).default(1),
  /** Makes changes of the store at once, in place of the next maintenance window. */
  applyImmediately: bool.default(false),
  /** When AWS may patch the store, and changes are made that wait. UTC. */
  maintenanceWindow: weeklyWindow.default("sun:03:00-sun:04:00"),
  snapshots: snapshots.prefault({}),
  alarms: alarms.prefault({}),
  /** Pulumi refuses to delete or to replace the store. Off only where its sessions do not matter. */
  protect: bool.default(true),
  secondary: secondary.optional(),
});

export type ElastiCacheConfig = z.infer<typeof elasticacheSchema>;

/** The keys that may come from other resources. */
export type FromResources = "vpcId" | "subnets" | "kmsKeyArn";
export type ElastiCacheValues = WithInputs<ElastiCacheConfig, FromResources>;

export type SecondaryConfig = z.infer<typeof secondary>;
