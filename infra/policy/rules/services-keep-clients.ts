import { asKind, type Resource } from "../resource";
import { rule } from "../rule";
import type { System } from "../system";
import { webSocketWorkloadsOf } from "../workload";

export const servicesKeepClients = rule({
  name: "services-keep-clients",
  summary: "A Service that serves WebSockets in the cluster has sessionAffinity ClientIP.",
  why: "Each reconnect and each request of a long-polling fallback lands on another pod.",
  severity: "high",
  fix: "set sessionAffinity: ClientIP",
  scope: "stack",
  *subjects(resource: Resource, system: System) {
    const service = asKind(resource, "Service");
    const { type = "ClusterIP", clusterIP } = service?.spec ?? {};
    // A headless Service has no proxy that could remember clients; a load balancer has its own affinity.
    if (service === undefined || type === "LoadBalancer" || type === "ExternalName" || clusterIP === "None")
      return;
    if (webSocketWorkloadsOf(service, system).length > 0) yield service;
  },
  *check({ spec }) {
    if (spec?.sessionAffinity !== "ClientIP") {
      yield { actual: `sessionAffinity is ${spec?.sessionAffinity ?? "not set, which is None"}` };
    }
    if (spec?.trafficDistribution !== undefined) {
      yield {
        actual: `trafficDistribution is ${spec.trafficDistribution}, which filters the pods before affinity applies`,
        fix: "remove trafficDistribution",
      };
    }
  },
});
