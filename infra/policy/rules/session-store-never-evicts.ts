import { elasticache, replicationGroups, type ParameterGroup, type ReplicationGroup } from "../elasticache";
import { rule, type Finding } from "../rule";
import { setting, storeServers } from "../session-store";

export const sessionStoreNeverEvicts = rule({
  name: "session-store-never-evicts",
  summary: "The session store refuses writes when it is full, and never throws sessions away to make room.",
  why: "An evicted session cannot be resumed, and an evicted room's history is a gap for everyone in it.",
  severity: "critical",
  fix: "set maxmemory-policy noeviction",
  scope: "stack",
  *subjects(resource, system) {
    for (const { settings } of storeServers(resource, system)) yield () => serverFindings(settings());
    for (const group of replicationGroups(resource)) yield () => groupFindings(group);
    if (resource.type === elasticache.parameterGroup) {
      yield () => parameterFindings(resource.properties);
    }
    if (resource.type === elasticache.serverlessCache) yield serverlessFindings;
  },
  check: (findings: () => Iterable<Finding>) => findings(),
});

function* serverFindings(settings: string | undefined): Iterable<Finding> {
  if (settings === undefined) return;
  // Redis' own default.
  const policy = setting(settings, "maxmemory-policy") ?? "noeviction";
  if (policy !== "noeviction") yield { found: `maxmemory-policy is ${policy}` };
  const bound = setting(settings, "maxmemory") ?? "0";
  if (/^0\D*$/.test(bound)) {
    yield {
      found: "maxmemory is not set, so that the node kills the server when it is full",
      fix: "set maxmemory to about 70 % of the container's limit",
    };
  }
}

/** Of ElastiCache's own parameter groups: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html */
function* groupFindings({ parameterGroupName }: ReplicationGroup): Iterable<Finding> {
  if (parameterGroupName !== undefined && !parameterGroupName.startsWith("default.")) return;
  yield {
    found: `its parameter group is ${parameterGroupName ?? "AWS's default"}, whose maxmemory-policy is volatile-lru`,
    fix: "give it a ParameterGroup with maxmemory-policy noeviction",
  };
}

function* parameterFindings({ family = "", parameters = [] }: ParameterGroup): Iterable<Finding> {
  if (!/^(redis|valkey)/.test(family)) return;
  const policy = parameters.find(({ name }) => name === "maxmemory-policy")?.value;
  if (policy !== "noeviction")
    yield { found: `maxmemory-policy is ${policy ?? "AWS's default, volatile-lru"}` };
}

function* serverlessFindings(): Iterable<Finding> {
  yield {
    found: "a serverless cache evicts by volatile-lru, which cannot be changed",
    fix: "use a ReplicationGroup with a ParameterGroup of its own",
  };
}
