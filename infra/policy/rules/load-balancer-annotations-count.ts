import { attributes } from "../edges/attributes";
import { awsLoadBalancerClass, awsService } from "../../annotations";
import { olderAnnotations } from "../edges/nlb";
import { asKind, type Resource } from "../resource";
import { rule } from "../rule";

export const loadBalancerAnnotationsCount = rule({
  name: "load-balancer-annotations-count",
  summary: "Annotations of an AWS load balancer are ones that its controller obeys.",
  why: "What a controller ignores looks like stickiness and is none.",
  severity: "high",
  fix: `select the AWS Load Balancer Controller by loadBalancerClass: ${awsLoadBalancerClass}`,
  scope: "resource",
  *subjects(resource: Resource) {
    const service = asKind(resource, "Service");
    if (service?.spec?.type === "LoadBalancer") yield service;
  },
  *check({ metadata }) {
    const annotations = metadata?.annotations ?? {};
    if (annotations[olderAnnotations.type] === "nlb") {
      yield {
        found: `${olderAnnotations.type}: nlb selects the controller inside Kubernetes, which knows no stickiness`,
        fix: `replace it by spec.loadBalancerClass: ${awsLoadBalancerClass}, on a new Service: the class is fixed at creation`,
      };
    }
    if (annotations[olderAnnotations.backendProtocol] === "tcp") {
      yield {
        found: `${olderAnnotations.backendProtocol}: tcp does nothing for a network load balancer`,
        fix: "remove it",
      };
    }
    const sticky = attributes(annotations[awsService.targetGroupAttributes]);
    if (sticky["stickiness.enabled"] === "true" && annotations[awsService.certificate] !== undefined) {
      yield {
        found: `stickiness by ${sticky["stickiness.type"] ?? "source_ip"} is asked of a listener that ends TLS`,
        fix: `end TLS behind the load balancer and remove ${awsService.certificate}, or keep clients by a cookie there`,
      };
    }
  },
});
