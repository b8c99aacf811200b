import { awsLoadBalancerClass, awsService, measuredPropagation } from "../../annotations";
import { asKind, type Resource, type ObjectOf, type StringMap } from "../resource";
import { seconds } from "../workload";
import { attributes } from "./attributes";
import type { RouteTo } from "./route";

/**
 * How long new connections still reach a pod that is itself a target, after it left the target group. Used if no annotation has a
 * measured value. Seconds. https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366
 */
const defaultPropagationSeconds = 120;

/**
 * The same for a load balancer with these annotations. A node's port leads to kube-proxy, which learns of a pod's end at once; a
 * pod's own address does not.
 */
export function awsPropagationSeconds(annotations: StringMap, targetType: string): number {
  if (annotations[targetType] !== "ip") return 0;
  return seconds(annotations[measuredPropagation]) ?? defaultPropagationSeconds;
}

/**
 * Annotations of older controllers, which many Services still have.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/service/annotations.md
 */
export const olderAnnotations = {
  type: "service.beta.kubernetes.io/aws-load-balancer-type",
  backendProtocol: "service.beta.kubernetes.io/aws-load-balancer-backend-protocol",
} as const;

/** The default time after which a TCP listener cuts a silent connection; for a TLS listener it cannot be changed. Seconds. */
const defaultTimeoutSeconds = 350;

/**
 * The Service, if it gets an NLB. Without a class, this depends on its age: the webhook of the AWS Load Balancer Controller gives
 * new Services the class, and older ones stay with the controller inside Kubernetes.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/service/nlb.md
 */
export function nlbService(resource: Resource): ObjectOf<"Service"> | undefined {
  const service = asKind(resource, "Service");
  if (service?.spec?.type !== "LoadBalancer") return undefined;
  const isNlb =
    service.spec.loadBalancerClass === awsLoadBalancerClass ||
    service.metadata?.annotations?.[olderAnnotations.type] !== undefined;
  return isNlb ? service : undefined;
}

/** Services with their own AWS Network Load Balancer. */
export function* nlbRoutes(resource: Resource): Iterable<RouteTo> {
  const service = nlbService(resource);
  if (service === undefined) return;
  const annotations = service.metadata?.annotations ?? {};
  yield {
    resource,
    to: service,
    idleTimeouts: () =>
      (service.spec?.ports ?? []).map(({ port = 0 }) => {
        const listener = awsService.listenerAttributes("TCP", port);
        const set = seconds(attributes(annotations[listener])["tcp.idle_timeout.seconds"]);
        return set === undefined
          ? {
              path: `tcp.idle_timeout.seconds of port ${port}, which is not set,`,
              seconds: defaultTimeoutSeconds,
            }
          : { path: `tcp.idle_timeout.seconds of port ${port}`, seconds: set };
      }),
    // An address is remembered as long as its target exists, so there is no age to compare.
    affinityAges: () => [],
    podsAreTargets: () => annotations[awsService.targetType] === "ip",
    propagationSeconds: () => awsPropagationSeconds(annotations, awsService.targetType),
  };
}
