import { autoscalerOf } from "./autoscaler";
import type { System } from "./system";
import type { Workload } from "./workload";

/** The least number of pods that a workload ever has, and what says so. */
export interface Scale {
  readonly least: number;
  readonly where: string;
}

/** By the autoscaler that owns the number, or else by the workload itself. */
export function scaleOf(workload: Workload, system: System): Scale {
  const [owner] = system.resources.flatMap((resource) => autoscalerOf(resource, workload) ?? []);
  if (owner !== undefined) {
    const { pods, where } = owner.least;
    return { least: pods, where: `${where} of ${owner.resource.title}` };
  }
  const { replicas = 1 } = (workload.object.spec ?? {}) as { replicas?: number };
  return { least: replicas, where: "replicas" };
}
