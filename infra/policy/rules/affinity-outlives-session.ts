import { ageIssues, defaultClientIpTimeoutSeconds, type NamedSeconds } from "../../timing";
import { routes } from "../edges/routes";
import { asKind, type Resource, type ObjectOf } from "../resource";
import { rule } from "../rule";
import type { System } from "../system";
import { environmentSeconds, webSocketWorkloadsOf, type Workload } from "../workload";

/** Something that remembers a client's pod, and the workload of that pod. */
interface Memory {
  readonly ages: () => readonly NamedSeconds[];
  readonly workload: Workload;
}

export const affinityOutlivesSession = rule({
  name: "affinity-outlives-session",
  summary: "Cookies and client addresses are remembered at least as long as a session lives.",
  why: "A client that returns while its session lives is sent to another pod, which must load what the first pod still had in memory.",
  severity: "medium",
  fix: "raise the affinity's age, or lower SESSION_TTL_SECONDS",
  scope: "stack",
  *subjects(resource, system) {
    yield* clientAddresses(resource, system);
    for (const { service, affinityAges } of routes(resource, system)) {
      for (const workload of webSocketWorkloadsOf(service, system)) yield { ages: affinityAges, workload };
    }
  },
  *check({ ages, workload }: Memory) {
    const ttl = environmentSeconds(workload, "SESSION_TTL_SECONDS");
    if (ttl === undefined) return;
    for (const age of ages()) {
      for (const { path, actual, expected } of ageIssues(age, {
        path: `SESSION_TTL_SECONDS of ${workload.resource.title}`,
        seconds: ttl,
      })) {
        yield { actual: `${path} is ${actual}, but it must be ${expected}`, fix: `raise it to ${ttl}` };
      }
    }
  },
});

function* clientAddresses(resource: Resource, system: System): Iterable<Memory> {
  const service = asKind(resource, "Service");
  if (service?.spec?.sessionAffinity !== "ClientIP") return;
  for (const workload of webSocketWorkloadsOf(service, system)) {
    yield { ages: () => [clientIpTimeout(service)], workload };
  }
}

function clientIpTimeout({ spec }: ObjectOf<"Service">): NamedSeconds {
  return {
    path: "sessionAffinityConfig.clientIP.timeoutSeconds",
    seconds: spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultClientIpTimeoutSeconds,
  };
}
