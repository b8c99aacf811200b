import { autoscalerOf, type Autoscaler } from "./autoscaler";
import type { System } from "./system";
import type { Workload } from "./workload";

/** The least number of pods that a workload ever has, and what says so. */
export interface Scale {
  readonly least: number;
  readonly where: string;
}

/** The largest number of pods that a workload may have, and what says so. */
export interface LargestScale {
  readonly most: number;
  readonly where: string;
}

/** By the autoscaler that owns the number, or else by the workload itself. */
export function scaleOf(workload: Workload, system: System): Scale {
  const owner = ownerOf(workload, system);
  if (owner !== undefined) {
    const { pods, where } = owner.least;
    return { least: pods, where: `${where} of ${owner.resource.title}` };
  }
  return { least: replicasOf(workload), where: "replicas" };
}

/** The same for the largest number. */
export function largestScaleOf(workload: Workload, system: System): LargestScale {
  const owner = ownerOf(workload, system);
  if (owner === undefined) return { most: replicasOf(workload), where: "replicas" };
  const { pods, where } = owner.most;
  return { most: pods, where: `${where} of ${owner.resource.title}` };
}

function ownerOf(workload: Workload, system: System): Autoscaler | undefined {
  return system.resources.flatMap((resource) => autoscalerOf(resource, workload) ?? [])[0];
}

function replicasOf({ object }: Workload): number {
  const { replicas = 1 } = (object.spec ?? {}) as { replicas?: number };
  return replicas;
}
