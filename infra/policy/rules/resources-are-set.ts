import { rule } from "../rule";
import { containers } from "../workload";

export const resourcesAreSet = rule({
  name: "resources-are-set",
  summary: "Every container requests processors and memory, and has a limit of memory.",
  why: "The scheduler packs pods without requests on one node, and they are the first to be evicted or killed.",
  severity: "medium",
  fix: "set resources { requests: { cpu, memory }, limits: { memory } }; a limit of cpu only adds latency",
  scope: "resource",
  subjects: containers,
  *check({ container: { name, resources } }) {
    const wanted = {
      "requests.cpu": resources?.requests?.cpu,
      "requests.memory": resources?.requests?.memory,
      "limits.memory": resources?.limits?.memory,
    };
    const missing = Object.entries(wanted).flatMap(([key, value]) => (value === undefined ? [key] : []));
    if (missing.length > 0) yield { actual: `container ${name} has no ${missing.join(", ")}` };
  },
});
