import { issue, type ConfigIssue } from "../../config/issue";
import type { AutoscalerConfig, KedaConfig } from "./schema";

/** The errors in the configuration of an autoscaler. `workloads` are the workloads to scale; see {@link kedaIssues}. */
export function autoscalerIssues(
  config: AutoscalerConfig,
  workloads: Parameters<typeof kedaIssues>[1],
): ConfigIssue[] {
  return config.kind === "keda" ? kedaIssues(config, workloads) : [];
}

/** The trigger's keys that the program itself sets. */
const ownKeys = ["serverAddress", "query", "threshold", "ignoreNullValues", "authModes"];

/** The name that KEDA gives to its autoscaler, and puts on it as a label. */
const kedaHpaName = (workload: string) => `keda-hpa-${workload}`;

/** The longest value of a label, in characters. */
const maxNameLength = 63;

/**
 * The errors in the configuration of KEDA. `workloads` are the names of the workloads to scale, each with its configuration key.
 */
function kedaIssues(
  { trigger }: KedaConfig,
  workloads: readonly { readonly key: string; readonly name: string }[],
): ConfigIssue[] {
  const longest = maxNameLength - kedaHpaName("").length;
  return [
    ...ownKeys
      .filter((key) => key in trigger)
      .map((key) => issue(`autoscaler.trigger.${key}`, trigger[key], "nothing: it follows from the rest")),
    ...workloads
      .filter(({ name }) => name.length > longest)
      .map(({ key, name }) =>
        issue(
          key,
          name,
          `a name by which KEDA's own, ${kedaHpaName(name)}, has at most ${maxNameLength} characters`,
        ),
      ),
  ];
}
