import { fromManifest, type Resource } from "../../infra/policy/resource";
import { isMandatory, judge, type Rule, type Violation } from "../../infra/policy/rule";
import { environmentOf, systemOf, type System } from "../../infra/policy/system";
import type { Check } from "./check";
import { fail, ok, warn, type Finding } from "./finding";
import type { Objects, Snapshot } from "./snapshot";
import { reapply, title } from "./subjects";

/** The kind of each list: items of a list do not contain it. */
const kinds = {
  services: ["v1", "Service"],
  deployments: ["apps/v1", "Deployment"],
  statefulSets: ["apps/v1", "StatefulSet"],
  ingresses: ["networking.k8s.io/v1", "Ingress"],
  budgets: ["policy/v1", "PodDisruptionBudget"],
  autoscalers: ["autoscaling/v2", "HorizontalPodAutoscaler"],
  httpRoutes: ["gateway.networking.k8s.io/v1", "HTTPRoute"],
  backendPolicies: ["gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"],
  clientPolicies: ["gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy"],
  virtualServices: ["networking.istio.io/v1", "VirtualService"],
  destinationRules: ["networking.istio.io/v1", "DestinationRule"],
} as const satisfies Partial<Record<keyof Objects, readonly [apiVersion: string, kind: string]>>;

interface RuledCheck extends Pick<Check, "name" | "title"> {
  readonly rules: readonly Rule[];
  /** The lists that the rules read. */
  readonly needs: readonly (keyof typeof kinds)[];
  /** The list whose objects are judged: if it is empty, the check does not apply. */
  readonly of: keyof typeof kinds;
}

/** A check by rules of the policy pack: the rules judge manifests before an update, and this applies them to the live objects. */
export function ruledCheck({ rules, of, ...about }: RuledCheck): Check {
  return {
    ...about,
    judge: (snapshot) => {
      if (snapshot.objects[of].length === 0) return [];
      const violations = judge(rules, liveSystem(snapshot));
      if (violations.length > 0) return violations.map((each) => toFinding(each, snapshot));
      return [
        ok(of, `keep ${rules.map(({ name }) => name).join(", ")}`, `${snapshot.objects[of].length} judged`),
      ];
    },
  };
}

/** The stack's live objects, in the form in which rules see manifests. */
function liveSystem({ stack, objects }: Snapshot): System {
  const resources = Object.entries(kinds).flatMap(([list, [apiVersion, kind]]): Resource[] =>
    objects[list as keyof typeof kinds].map((object) => fromManifest({ ...object, apiVersion, kind })),
  );
  return systemOf(resources, { environment: environmentOf(stack) });
}

function toFinding({ rule, resource, actual, fix }: Violation, snapshot: Snapshot): Finding {
  const { kind, ...object } = resource.properties as { kind: string; metadata?: { name?: string } };
  return (isMandatory(rule) ? fail : warn)(title(kind, object), {
    what: actual,
    evidence: `rule ${rule.name}: ${rule.summary}`,
    why: rule.why,
    fix: `${fix}; ${reapply(snapshot)}`,
  });
}
