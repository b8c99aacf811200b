import type { Resource } from "./resource";

/** Types of ElastiCache in Pulumi's AWS provider. */
export const elasticache = {
  replicationGroup: "aws:elasticache/replicationGroup:ReplicationGroup",
  globalReplicationGroup: "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
  parameterGroup: "aws:elasticache/parameterGroup:ParameterGroup",
  serverlessCache: "aws:elasticache/serverlessCache:ServerlessCache",
} as const;

/** A replication group, with the fields that rules read. */
export interface ReplicationGroup {
  readonly parameterGroupName?: string;
  readonly globalReplicationGroupId?: string;
  readonly transitEncryptionEnabled?: boolean;
  readonly atRestEncryptionEnabled?: boolean;
  readonly authToken?: string;
  readonly userGroupIds?: readonly string[];
  readonly automaticFailoverEnabled?: boolean;
  readonly multiAzEnabled?: boolean;
  readonly snapshotRetentionLimit?: number;
}

/** A parameter group, with the fields that rules read. */
export interface ParameterGroup {
  readonly family?: string;
  readonly parameters?: readonly { readonly name: string; readonly value: string }[];
}

/**
 * The resource as a replication group with its own settings. A member of a global datastore is skipped: AWS copies its parameter
 * group, encryption and version from its primary, and the rules check that primary.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastores-Console.html
 */
export function* replicationGroups(resource: Resource): Iterable<ReplicationGroup> {
  if (resource.type !== elasticache.replicationGroup) return;
  const group = resource.properties as ReplicationGroup;
  if (group.globalReplicationGroupId === undefined) yield group;
}
