import { elasticache, replicationGroups, type ParameterGroup, type ReplicationGroup } from "../elasticache";
import type { Resource } from "../resource";
import { rule, type Finding } from "../rule";

export const elasticacheNeverEvicts = rule({
  name: "elasticache-never-evicts",
  summary: "A session store in AWS refuses writes when it is full: its ParameterGroup says noeviction.",
  why: "AWS's own groups evict (volatile-lru): an evicted session cannot be resumed, an evicted room is a gap for everyone.",
  severity: "critical",
  fix: "give it a ParameterGroup with maxmemory-policy noeviction",
  scope: "resource",
  *subjects(resource: Resource) {
    for (const group of replicationGroups(resource)) yield () => groupFindings(group);
    if (resource.type === elasticache.parameterGroup) {
      yield () => parameterFindings(resource.properties);
    }
    if (resource.type === elasticache.globalReplicationGroup) {
      yield () => globalFindings(resource.properties);
    }
    if (resource.type === elasticache.serverlessCache) yield serverlessFindings;
  },
  check: (findings: () => Iterable<Finding>) => findings(),
});

/** https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html */
function* groupFindings({ parameterGroupName }: ReplicationGroup): Iterable<Finding> {
  if (parameterGroupName !== undefined && !isDefault(parameterGroupName)) return;
  yield {
    actual: `its parameter group is ${parameterGroupName ?? "AWS's default"}, whose maxmemory-policy is volatile-lru`,
  };
}

/** All members use the parameter group of the datastore, which it needs for another major version. */
function* globalFindings({ parameterGroupName }: ReplicationGroup): Iterable<Finding> {
  if (parameterGroupName === undefined || !isDefault(parameterGroupName)) return;
  yield {
    actual: `its members have the parameter group ${parameterGroupName}, whose maxmemory-policy is volatile-lru`,
  };
}

function isDefault(parameterGroupName: string): boolean {
  return parameterGroupName.startsWith("default.");
}

function* parameterFindings({ family = "", parameters = [] }: ParameterGroup): Iterable<Finding> {
  if (!/^(redis|valkey)/.test(family)) return;
  const policy = parameters.find(({ name }) => name === "maxmemory-policy")?.value;
  if (policy === "noeviction") return;
  yield {
    actual: `maxmemory-policy is ${policy ?? "AWS's default, volatile-lru"}`,
    fix: "set it to noeviction",
  };
}

function* serverlessFindings(): Iterable<Finding> {
  yield {
    actual: "a serverless cache evicts by volatile-lru, which cannot be changed",
    fix: "use a ReplicationGroup with its own ParameterGroup",
  };
}
