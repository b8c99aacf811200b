import type { PartialDeep } from "./resource";
import type * as k8s from "@kubernetes/client-node";
import { environmentSeconds, type Workload } from "./workload";

/** The times of a pod's end, read from its template. Seconds; undefined if they cannot be read. */
export interface PodEnd {
  /** Between the pod's deletion and SIGTERM; 0 without a hook. */
  readonly preStopSeconds: number | undefined;
  /** From SIGTERM to the last close frame, from `DRAIN_SECONDS`. */
  readonly drainSeconds: number | undefined;
  readonly gracePeriodSeconds: number;
}

/** Kubernetes' default for a pod. Seconds. */
const defaultGraceSeconds = 30;

export function podEnd(workload: Workload): PodEnd {
  const { containers = [], terminationGracePeriodSeconds = defaultGraceSeconds } = workload.pod.spec;
  const waits = containers.map((container) => preStopSeconds(container, workload));
  return {
    // The hooks of all containers run at the same time; each container gets SIGTERM after its own hook.
    preStopSeconds: waits.includes(undefined) ? undefined : Math.max(0, ...(waits as number[])),
    drainSeconds: environmentSeconds(workload, "DRAIN_SECONDS"),
    gracePeriodSeconds: terminationGracePeriodSeconds,
  };
}

function preStopSeconds({ lifecycle }: PartialDeep<k8s.V1Container>, workload: Workload): number | undefined {
  const hook = lifecycle?.preStop;
  if (hook === undefined) return 0;
  if (hook.sleep !== undefined) return hook.sleep.seconds;
  // How long an HTTP handler waits depends on the application; the Holdfast application reads it from this variable.
  if (hook.httpGet !== undefined) return environmentSeconds(workload, "PRE_STOP_SECONDS");
  const command = hook.exec?.command?.join(" ") ?? "";
  const slept = /(?:^|[\s;&/])sleep (\d+)s?(?:$|[\s;&])/.exec(command)?.[1];
  return slept === undefined ? undefined : Number(slept);
}
