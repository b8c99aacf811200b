import { attributes } from "../edges/attributes";
import { nlb, nlbClass } from "../edges/nlb";
import { asKind, type Resource } from "../resource";
import { rule } from "../rule";

export const loadBalancerAnnotationsCount = rule({
  name: "load-balancer-annotations-count",
  summary: "Annotations of an AWS load balancer are ones that its controller obeys.",
  why: "What a controller ignores looks like stickiness and is none.",
  severity: "high",
  fix: `select the AWS Load Balancer Controller by loadBalancerClass: ${nlbClass}`,
  scope: "resource",
  *subjects(resource: Resource) {
    const service = asKind(resource, "Service");
    if (service?.spec?.type === "LoadBalancer") yield service;
  },
  *check({ metadata }) {
    const annotations = metadata?.annotations ?? {};
    if (annotations[nlb.type] === "nlb") {
      yield {
        found: `${nlb.type}: nlb selects the controller inside Kubernetes, which knows no stickiness`,
        fix: `replace it by spec.loadBalancerClass: ${nlbClass}, on a new Service: the class is fixed at creation`,
      };
    }
    if (annotations[nlb.backendProtocol] === "tcp") {
      yield {
        found: `${nlb.backendProtocol}: tcp does nothing for a network load balancer`,
        fix: "remove it",
      };
    }
    const sticky = attributes(annotations[nlb.targetGroupAttributes]);
    if (sticky["stickiness.enabled"] === "true" && annotations[nlb.sslCert] !== undefined) {
      yield {
        found: `stickiness by ${sticky["stickiness.type"] ?? "source_ip"} is asked of a listener that ends TLS`,
        fix: `end TLS behind the load balancer and remove ${nlb.sslCert}, or keep clients by a cookie there`,
      };
    }
  },
});
