import { issue, type ConfigIssue } from "../../config/issue";
import type { AutoscalerConfig, KedaConfig } from "./schema";

/** What is wrong with the configuration of an autoscaler. `workloads` are what is scaled; see {@link kedaIssues}. */
export function autoscalerIssues(
  config: AutoscalerConfig,
  workloads: Parameters<typeof kedaIssues>[1],
): ConfigIssue[] {
  return config.kind === "keda" ? kedaIssues(config, workloads) : [];
}

/** What the program says of the trigger itself. */
const ownKeys = ["serverAddress", "query", "threshold", "ignoreNullValues", "authModes"];

/** KEDA calls the autoscaler that it makes so, and puts the name on it as a label. */
const madeName = (workload: string) => `keda-hpa-${workload}`;

/** Of a label's value. */
const maxNameLength = 63;

/** What of the configuration cannot be. `workloads` are the names of what is scaled, each with the key that says it. */
function kedaIssues(
  { trigger }: KedaConfig,
  workloads: readonly { readonly key: string; readonly name: string }[],
): ConfigIssue[] {
  const longest = maxNameLength - madeName("").length;
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
          `a name by which KEDA's own, ${madeName(name)}, has at most ${maxNameLength} characters`,
        ),
      ),
  ];
}
