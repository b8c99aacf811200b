import { asKind, isKind, sameNamespace, type Resource } from "./resource";
import type { System } from "./system";
import type { Workload } from "./workload";

/** The least number of pods that a workload ever has, and what says so. */
export interface Scale {
  readonly least: number;
  readonly where: string;
}

/** By the autoscaler that owns the number, or else by the workload itself. */
export function scaleOf(workload: Workload, system: System): Scale {
  const owner = system.resources.flatMap((resource) => autoscalerOf(resource, workload) ?? [])[0];
  if (owner !== undefined) return owner;
  const { replicas = 1 } = (workload.object.spec ?? {}) as { replicas?: number };
  return { least: replicas, where: "replicas" };
}

/** A HorizontalPodAutoscaler, or a KEDA ScaledObject, which makes one. */
function autoscalerOf(resource: Resource, { object }: Workload): Scale | undefined {
  const autoscaler = asKind(resource, "HorizontalPodAutoscaler");
  if (autoscaler !== undefined && sameNamespace(autoscaler, object)) {
    const { scaleTargetRef: target, minReplicas = 1 } = autoscaler.spec ?? {};
    if (isTarget(target, object)) return { least: minReplicas, where: `minReplicas of ${resource.title}` };
  }
  if (!isKind(resource, "keda.sh", "ScaledObject")) return undefined;
  const scaled = resource.properties as ScaledObject;
  if (!sameNamespace(scaled, object) || !isTarget(scaled.spec?.scaleTargetRef, object)) return undefined;
  return { least: scaled.spec?.minReplicaCount ?? 0, where: `minReplicaCount of ${resource.title}` };
}

interface ScaledObject {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: {
    readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string };
    readonly minReplicaCount?: number;
  };
}

function isTarget(
  target: { readonly kind?: string; readonly name?: string } | undefined,
  { kind, metadata }: Workload["object"],
): boolean {
  return target !== undefined && target.name === metadata?.name && (target.kind ?? "Deployment") === kind;
}
