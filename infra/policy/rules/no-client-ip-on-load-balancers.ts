import { asKind, type Resource } from "../resource";
import { rule } from "../rule";

export const noClientIpOnLoadBalancers = rule({
  name: "no-client-ip-on-load-balancers",
  summary: "No Service of type LoadBalancer has sessionAffinity ClientIP.",
  why: "The in-tree AWS controller refuses it and the Service stays pending for ever; others ignore it.",
  severity: "critical",
  fix: "set ClientIP on a separate ClusterIP Service, and stickiness in the load balancer's annotations",
  scope: "resource",
  *subjects(resource: Resource) {
    const service = asKind(resource, "Service");
    if (service?.spec?.type === "LoadBalancer") yield service;
  },
  *check({ spec }) {
    if (spec?.sessionAffinity === "ClientIP")
      yield { actual: "type is LoadBalancer and sessionAffinity is ClientIP" };
  },
});
