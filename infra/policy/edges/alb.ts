import type { Resource } from "../resource";
import { seconds } from "../workload";
import { attributes } from "./attributes";
import { ingressOf, ingressServices } from "./ingress";
import { awsPropagationSeconds } from "./nlb";
import type { RouteTo } from "./route";

/** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/ */
const prefix = "alb.ingress.kubernetes.io";
export const alb = {
  targetType: `${prefix}/target-type`,
  loadBalancerAttributes: `${prefix}/load-balancer-attributes`,
  targetGroupAttributes: `${prefix}/target-group-attributes`,
} as const;

/** The default time after which an ALB cuts a silent connection. Seconds. */
const defaultTimeoutSeconds = 60;

/** Ingresses of the AWS Load Balancer Controller. */
export function* albRoutes(resource: Resource): Iterable<RouteTo> {
  const ingress = ingressOf(resource, "alb");
  if (ingress === undefined) return;
  const annotations = ingress.metadata?.annotations ?? {};
  const timeoutName = "idle_timeout.timeout_seconds";
  for (const to of ingressServices(ingress)) {
    yield {
      resource,
      to,
      idleTimeouts: () => {
        const set = seconds(attributes(annotations[alb.loadBalancerAttributes])[timeoutName]);
        return [
          set === undefined
            ? { path: `${timeoutName}, which is not set,`, seconds: defaultTimeoutSeconds }
            : { path: timeoutName, seconds: set },
        ];
      },
      affinityAges: () => {
        const name = "stickiness.lb_cookie.duration_seconds";
        const age = seconds(attributes(annotations[alb.targetGroupAttributes])[name]);
        return age === undefined ? [] : [{ path: name, seconds: age }];
      },
      podsAreTargets: () => annotations[alb.targetType] === "ip",
      propagationSeconds: () => awsPropagationSeconds(annotations, alb.targetType),
    };
  }
}
