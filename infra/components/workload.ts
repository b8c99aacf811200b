import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { selectorLabels } from "../labels";
import { deleteTimeoutSeconds, rolloutTimeoutSeconds, type Drain } from "../timing";
import { ArgumentError } from "./input";
import { networkPolicies, type EgressRule, type WayIn } from "./websocket-service/network-policies";

/** What services and connection proxies are made of alike. */

export type Metadata = Pick<k8s.types.input.meta.v1.ObjectMeta, "name" | "namespace" | "labels">;

export function disruptionBudget(workload: string): k8s.types.input.policy.v1.PodDisruptionBudgetSpec {
  return {
    selector: { matchLabels: selectorLabels(workload) },
    // Unlike minAvailable, it never blocks a node's drain for good, whatever the number of replicas.
    maxUnavailable: 1,
    // A pod that is broken anyway must not block it either.
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  };
}

/** @throws ArgumentError where two would decide on the number of pods */
export function checkScale(
  where: string,
  { replicas, autoscaling }: { readonly replicas?: unknown; readonly autoscaling?: unknown },
): void {
  if (replicas === undefined || autoscaling === undefined) return;
  throw new ArgumentError(`${where}: replicas is set. Remove it: autoscaling decides on the number of pods.`);
}

/** The policies of a workload, each a resource of its own: see {@link networkPolicies}. */
export function createPolicies(
  name: string,
  metadata: Metadata & { readonly name: string },
  { workload, ways, egress }: { workload: string; ways: readonly WayIn[]; egress: readonly EgressRule[] },
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.NetworkPolicy[] {
  return networkPolicies(workload, ways, egress).map(
    ({ suffix, spec }) =>
      new k8s.networking.v1.NetworkPolicy(
        `${name}-policy${suffix}`,
        { metadata: { ...metadata, name: `${metadata.name}${suffix}` }, spec },
        opts,
      ),
  );
}

/** Pods that are assumed where the number is not known before the update runs. */
const assumedReplicas = 10;

/**
 * How long Pulumi waits for a Deployment: for a rollout, by the number of pods and what each takes; for its deletion, by
 * the pods' grace period, which may be longer than the provider's own ten minutes.
 */
export function rolloutTimeouts(
  {
    replicas,
    ...times
  }: { replicas: pulumi.Input<number>; minReadySeconds: number; registrationSeconds: number },
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

function isPlain(drain: pulumi.Input<Drain>): drain is Drain {
  return !pulumi.Output.isInstance(drain) && !(drain instanceof Promise);
}
