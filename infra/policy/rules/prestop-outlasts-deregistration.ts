import { routesToWorkloads } from "../edges/routes";
import { podEnd } from "../pod-end";
import { rule } from "../rule";

export const preStopOutlastsDeregistration = rule({
  name: "prestop-outlasts-deregistration",
  summary: "preStop is at least as long as the load balancer sends new connections to a deregistered pod.",
  why: "Otherwise new clients reach a process that no longer listens.",
  severity: "critical",
  fix: "raise preStop and terminationGracePeriodSeconds, or put an L7 proxy between the load balancer and the pods",
  scope: "stack",
  subjects: routesToWorkloads,
  *check({ route, workload }) {
    const propagation = route.propagationSeconds();
    const { preStopSeconds } = podEnd(workload);
    if (preStopSeconds === undefined || preStopSeconds >= propagation) return;
    yield {
      actual:
        `${workload.resource.title}'s pods are its targets and wait ${preStopSeconds} s before SIGTERM, ` +
        `but for ${propagation} s they still get new connections`,
      fix: `raise preStop to ${propagation} s and the grace period with it, or put an L7 proxy in between`,
    };
  },
});
