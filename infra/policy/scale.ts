import { autoscalerOf, type Autoscaler } from "./autoscaler";
import type { System } from "./system";
import type { Workload } from "./workload";

/** The smallest number of pods that a workload may have, and the field that sets it. */
export interface Scale {
  readonly min: number;
  readonly where: string;
}

/** The largest number of pods that a workload may have, and the field that sets it. */
export interface LargestScale {
  readonly max: number;
  readonly where: string;
}

/** The number comes from the workload's autoscaler, or else from the workload itself. */
export function scaleOf(workload: Workload, system: System): Scale {
  const owner = ownerOf(workload, system);
  if (owner !== undefined) {
    const { pods, where } = owner.min;
    return { min: pods, where: `${where} of ${owner.resource.title}` };
  }
  return { min: replicasOf(workload), where: "replicas" };
}

/** The same for the largest number. */
export function largestScaleOf(workload: Workload, system: System): LargestScale {
  const owner = ownerOf(workload, system);
  if (owner === undefined) return { max: replicasOf(workload), where: "replicas" };
  const { pods, where } = owner.max;
  return { max: pods, where: `${where} of ${owner.resource.title}` };
}

function ownerOf(workload: Workload, system: System): Autoscaler | undefined {
  return system.resources.flatMap((resource) => autoscalerOf(resource, workload) ?? [])[0];
}

function replicasOf({ object }: Workload): number {
  const { replicas = 1 } = (object.spec ?? {}) as { replicas?: number };
  return replicas;
}
