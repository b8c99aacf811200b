import { pingBelowIdleTimeouts } from "../../../infra/policy/rules/ping-below-idle-timeouts";
import { routesCarryAllSockets } from "../../../infra/policy/rules/routes-carry-all-sockets";
import { routesKeepClients } from "../../../infra/policy/rules/routes-keep-clients";
import { routesTryAnotherPod } from "../../../infra/policy/rules/routes-try-another-pod";
import type { Check } from "../check";
import { fail, type Finding } from "../finding";
import { ruledCheck } from "../ruled-check";
import type { CustomObject, Snapshot } from "../snapshot";
import { reapply, title } from "../subjects";

const rules = [routesKeepClients, routesCarryAllSockets, routesTryAnotherPod, pingBelowIdleTimeouts];

const ruled = ruledCheck({
  name: "gateway-routes",
  title: "HTTPRoutes are accepted, keep clients on their pods, and raise Envoy's default limits",
  rules,
  needs: ["httpRoutes", "backendPolicies", "clientPolicies", "services", "deployments"],
  of: "httpRoutes",
});

/**
 * Also finds fields that an API server has dropped: CRDs of the standard channel, or of Gateway API 1.7 and newer, do not know
 * the session persistence that the edge writes, and a route without it looks correct.
 */
export const gatewayRoutes: Check = {
  ...ruled,
  judge: (snapshot) =>
    snapshot.config.edge.kind === "gateway" && snapshot.objects.httpRoutes.length === 0
      ? [missing(snapshot)]
      : [
          ...ruled.judge(snapshot),
          ...snapshot.objects.httpRoutes.flatMap((route) => refusals(snapshot, "HTTPRoute", route)),
          ...snapshot.objects.backendPolicies.flatMap((policy) =>
            refusals(snapshot, "BackendTrafficPolicy", policy),
          ),
        ],
};

/** The same for Istio, whose objects have no such conditions. */
export const istioRoutes = ruledCheck({
  name: "istio-routes",
  title: "VirtualServices keep clients on their pods, and try another pod if one is dead",
  rules,
  needs: ["virtualServices", "destinationRules", "services", "deployments"],
  of: "virtualServices",
});

function missing(snapshot: Snapshot): Finding {
  return fail("httpRoutes", {
    what: "no HTTPRoute routes to the services",
    evidence: `namespace ${snapshot.config.namespace.name} has none`,
    why: "nobody can connect from outside",
    fix: reapply(snapshot),
  });
}

interface Status {
  /** The parents of an HTTPRoute. */
  readonly parents?: readonly Accepted[];
  /** The ancestors of a policy. */
  readonly ancestors?: readonly Accepted[];
}

interface Accepted {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/** The parts of an object that the controller does not accept, according to its conditions. */
function refusals(snapshot: Snapshot, kind: string, object: CustomObject): Finding[] {
  const { parents = [], ancestors = [] } = (object.status ?? {}) as Status;
  return [...parents, ...ancestors]
    .flatMap(({ conditions = [] }) => conditions)
    .filter(({ type, status }) => ["Accepted", "ResolvedRefs"].includes(type) && status === "False")
    .map(({ type, reason = "", message = "" }) =>
      fail(title(kind, object), {
        what: "the Gateway's controller does not accept it",
        evidence: `${type} is False: ${reason}: ${message}`,
        why: "clients are refused, or its settings have no effect",
        fix: `correct what the message names; then ${reapply(snapshot)}`,
      }),
    );
}
