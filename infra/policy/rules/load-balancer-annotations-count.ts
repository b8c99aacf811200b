import { attributes } from "../edges/attributes";
import { awsLoadBalancerClass, awsService } from "../../annotations";
import { olderAnnotations } from "../edges/nlb";
import { asKind, type Resource } from "../resource";
import { rule } from "../rule";

export const loadBalancerAnnotationsCount = rule({
  name: "load-balancer-annotations-count",
  summary: "Annotations of an AWS load balancer are ones that its controller reads.",
  why: "What a controller ignores looks like stickiness and is none. Of Services with type nlb, the AWS Load Balancer Controller makes internal NLBs to instances, and those older than it stay with the controller inside Kubernetes: neither keeps a client on its pod.",
  severity: "high",
  fix: `select the AWS Load Balancer Controller by loadBalancerClass: ${awsLoadBalancerClass}`,
  scope: "resource",
  *subjects(resource: Resource) {
    const service = asKind(resource, "Service");
    if (service?.spec?.type === "LoadBalancer") yield service;
  },
  *check({ metadata, spec }) {
    const annotations = metadata?.annotations ?? {};
    const type = annotations[olderAnnotations.type];
    if (type !== undefined && spec?.loadBalancerClass === awsLoadBalancerClass) {
      yield {
        actual: `${olderAnnotations.type} is ${type}, which has no effect with loadBalancerClass ${awsLoadBalancerClass}`,
        fix: "remove it",
      };
    } else if (type === "nlb") {
      yield {
        actual: `${olderAnnotations.type} is nlb without a loadBalancerClass, so the Service's age decides which controller handles it`,
        fix: `set spec.loadBalancerClass: ${awsLoadBalancerClass} on a new Service (the class is fixed at creation), with ${awsService.targetType}: ip and its stickiness`,
      };
    }
    if (annotations[olderAnnotations.backendProtocol] === "tcp") {
      yield {
        actual: `${olderAnnotations.backendProtocol}: tcp has no effect on a network load balancer`,
        fix: "remove it",
      };
    }
    const sticky = attributes(annotations[awsService.targetGroupAttributes]);
    if (sticky["stickiness.enabled"] === "true" && annotations[awsService.certificate] !== undefined) {
      yield {
        actual: `stickiness by ${sticky["stickiness.type"] ?? "source_ip"} is set on a TLS listener, which does not support it`,
        fix: `end TLS behind the load balancer and remove ${awsService.certificate}, and use an affinity cookie there`,
      };
    }
  },
});
