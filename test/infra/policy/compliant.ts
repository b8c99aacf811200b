import { readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { fromManifest, type ManifestObject, type Resource } from "../../../infra/policy/resource";

/** The edge of the compliant system. */
export type EdgeOf = "nginx" | "alb" | "nlb" | "gateway" | "istio";

/** The autoscaler of the service feed. */
export type AutoscalerOf = "horizontal" | "keda";

/** Cached, because parsing takes most of the time of tests that spoil one field after the other. */
const parsed = new Map<string, readonly Resource[]>();

/** A system that violates no rule, new each time; tests spoil one field of it. */
export function compliant(edge: EdgeOf = "nginx", autoscaler: AutoscalerOf = "horizontal"): Resource[] {
  const key = `${edge} ${autoscaler}`;
  const system = parsed.get(key) ?? parse(edge, autoscaler);
  parsed.set(key, system);
  return structuredClone([...system]);
}

function parse(edge: EdgeOf, autoscaler: AutoscalerOf): Resource[] {
  const service = serviceBehind(edge);
  const route = read(`edge-${edge}.yaml`);
  const feed = objects(asFeed(service));
  // The autoscaler owns its number of pods.
  for (const { properties } of feed) {
    if (properties.kind === "Deployment") delete (properties.spec as { replicas?: number }).replicas;
  }
  return [
    ...objects(service),
    ...feed,
    ...objects(read(`autoscaler-${autoscaler}.yaml`)),
    ...objects(route),
    ...objects(asFeed(route)).filter(({ title }) => title.includes("feed")),
    ...objects(read("store.yaml")),
    ...objects(read("monitoring.yaml")),
    ...elasticache(),
  ];
}

/** A load balancer's target may miss two probes. */
function serviceBehind(edge: EdgeOf): string {
  const yaml = read("service.yaml");
  return edge === "alb" || edge === "nlb" ? yaml.replace("failureThreshold: 1", "failureThreshold: 3") : yaml;
}

function read(file: string): string {
  return readFileSync(path.join(__dirname, "compliant", file), "utf8");
}

function asFeed(yaml: string): string {
  return yaml.replaceAll("chat", "feed");
}

function objects(yaml: string): Resource[] {
  return parseAllDocuments(yaml).map((document) => fromManifest(document.toJS() as ManifestObject));
}

/** As in Pulumi's AWS provider, with the protection that only Pulumi knows. */
function elasticache(): Resource[] {
  return [
    {
      type: "aws:elasticache/parameterGroup:ParameterGroup",
      title: "ParameterGroup sessions",
      properties: { family: "valkey8", parameters: [{ name: "maxmemory-policy", value: "noeviction" }] },
      protect: false,
    },
    {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      title: "ReplicationGroup sessions",
      properties: {
        parameterGroupName: "sessions",
        transitEncryptionEnabled: true,
        atRestEncryptionEnabled: true,
        authToken: "x".repeat(32),
        automaticFailoverEnabled: true,
        multiAzEnabled: true,
        snapshotRetentionLimit: 7,
      },
      protect: true,
    },
    {
      type: "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
      title: "GlobalReplicationGroup sessions",
      properties: { globalReplicationGroupIdSuffix: "sessions", primaryReplicationGroupId: "sessions" },
      protect: true,
    },
    {
      type: "aws:elasticache/replicationGroup:ReplicationGroup",
      title: "ReplicationGroup sessions-standby",
      properties: {
        globalReplicationGroupId: "abcde-sessions",
        authToken: "x".repeat(32),
        multiAzEnabled: true,
      },
      protect: true,
    },
  ];
}
