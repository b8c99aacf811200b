import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { selectorLabels } from "../labels";
import {
  deleteTimeoutSeconds,
  podStartupSeconds,
  rolloutTimeoutSeconds,
  type Drain,
  type RolloutTimes,
  type StartProbes,
} from "../timing";
import { ArgumentError } from "./input";
import { networkPolicies, type EgressRule, type IngressRule } from "./websocket-service/network-policies";

/** What services and connection proxies have in common. */

export type Metadata = Pick<k8s.types.input.meta.v1.ObjectMeta, "name" | "namespace" | "labels">;

export function disruptionBudget(workload: string): k8s.types.input.policy.v1.PodDisruptionBudgetSpec {
  return {
    selector: { matchLabels: selectorLabels(workload) },
    // Unlike minAvailable, it never blocks a node's drain permanently, whatever the number of replicas.
    maxUnavailable: 1,
    // Pods that are not ready must not block a node's drain either.
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  };
}

/** @throws ArgumentError if both a number and an autoscaler are given */
export function checkScale(
  where: string,
  { replicas, autoscaling }: { readonly replicas?: unknown; readonly autoscaling?: unknown },
): void {
  if (replicas === undefined || autoscaling === undefined) return;
  throw new ArgumentError(`${where}: replicas is set. Remove it: autoscaling decides on the number of pods.`);
}

/** The policies of a workload, each as its own resource: see {@link networkPolicies}. */
export function createPolicies(
  name: string,
  metadata: Metadata & { readonly name: string },
  {
    workload,
    ingress,
    egress,
  }: { workload: string; ingress: readonly IngressRule[]; egress: readonly EgressRule[] },
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.NetworkPolicy[] {
  return networkPolicies(workload, ingress, egress).map(
    ({ suffix, spec }) =>
      new k8s.networking.v1.NetworkPolicy(
        `${name}-policy${suffix}`,
        { metadata: { ...metadata, name: `${metadata.name}${suffix}` }, spec },
        opts,
      ),
  );
}

/** The assumed number of pods, if the number is not known before the update runs. */
const assumedReplicas = 10;

/**
 * How long Pulumi waits for a Deployment: for a rollout, by the number of pods and the time that each needs; for its deletion, by
 * the pods' grace period, which may be longer than the provider's default of ten minutes.
 */
export function rolloutTimeouts(
  { replicas, ...times }: RolloutTimes & { readonly replicas: pulumi.Input<number> },
  drain: pulumi.Input<Drain>,
): pulumi.CustomTimeouts {
  const pods = typeof replicas === "number" ? replicas : assumedReplicas;
  const rollout = `${rolloutTimeoutSeconds(pods, times)}s`;
  return {
    create: rollout,
    update: rollout,
    ...(isPlain(drain) ? { delete: `${deleteTimeoutSeconds(drain)}s` } : {}),
  };
}

/** How long the startup probes of a Deployment's pods allow. A number that is known only during the update counts as its default. */
export function startupSecondsOf({ template }: k8s.types.input.apps.v1.DeploymentSpec): number {
  const { spec } = template as { spec?: { containers?: readonly StartProbes[] } };
  return podStartupSeconds((spec?.containers ?? []).map(knownNumbers));
}

function knownNumbers({ startupProbe, readinessProbe }: StartProbes): StartProbes {
  const known = (probe: StartProbes["startupProbe"]) =>
    probe && Object.fromEntries(Object.entries(probe).filter(([, value]) => typeof value === "number"));
  return { startupProbe: known(startupProbe), readinessProbe: known(readinessProbe) };
}

function isPlain(drain: pulumi.Input<Drain>): drain is Drain {
  return !pulumi.Output.isInstance(drain) && !(drain instanceof Promise);
}
