import { routesToWorkloads } from "../edges/routes";
import { rule } from "../rule";

/** Kubernetes' own default of failureThreshold. */
const defaultFailureThreshold = 3;

export const targetsSurviveAMissedProbe = rule({
  name: "targets-survive-a-missed-probe",
  summary:
    "A pod that is a target of an AWS load balancer stays one when a single readiness probe is missed.",
  why: "The AWS Load Balancer Controller deregisters an unready pod within seconds. It takes minutes to be a healthy target again, and meanwhile its clients reconnect to others.",
  severity: "high",
  fix: "set failureThreshold of its readinessProbe to 3",
  scope: "stack",
  subjects: routesToWorkloads,
  *check({ route, workload }) {
    if (!route.podsAreTargets()) return;
    const [main] = workload.pod.spec.containers ?? [];
    const probe = main?.readinessProbe;
    if (probe === undefined) return;
    if ((probe.failureThreshold ?? defaultFailureThreshold) > 1) return;
    yield {
      actual: `${workload.resource.title}'s pods are its targets, and one missed readiness probe deregisters them`,
    };
  },
});
