import type { Rule } from "../rule";
import { affinityOutlivesSession } from "./affinity-outlives-session";
import { alertsKnowTheirMetrics } from "./alerts-know-their-metrics";
import { autoscalingFollowsConnections } from "./autoscaling-follows-connections";
import { dataIsProtected } from "./data-is-protected";
import { disruptionBudgetExists } from "./disruption-budget-exists";
import { disruptionBudgetLetsNodesDrain } from "./disruption-budget-lets-nodes-drain";
import { edgeCookiesDoNotCollide } from "./edge-cookies-do-not-collide";
import { edgeCookiesHold } from "./edge-cookies-hold";
import { elasticacheAsksForPassword } from "./elasticache-asks-for-password";
import { elasticacheFailsOver } from "./elasticache-fails-over";
import { elasticacheNeverEvicts } from "./elasticache-never-evicts";
import { gracePeriodCoversDrain } from "./grace-period-covers-drain";
import { imagesAreFixed } from "./images-are-fixed";
import { loadBalancerAnnotationsCount } from "./load-balancer-annotations-count";
import { loadBalancersKeepClients } from "./load-balancers-keep-clients";
import { moreThanOneReplica } from "./more-than-one-replica";
import { newPodsProveThemselves } from "./new-pods-prove-themselves";
import { noClientIpOnLoadBalancers } from "./no-client-ip-on-load-balancers";
import { pingBelowIdleTimeouts } from "./ping-below-idle-timeouts";
import { podsWaitBeforeTheyEnd } from "./pods-wait-before-they-end";
import { preStopOutlastsDeregistration } from "./prestop-outlasts-deregistration";
import { readinessLeavesInTime } from "./readiness-leaves-in-time";
import { resourcesAreSet } from "./resources-are-set";
import { restrictedPods } from "./restricted-pods";
import { rolloutEndsInTime } from "./rollout-ends-in-time";
import { rolloutKeepsCapacity } from "./rollout-keeps-capacity";
import { routesCarryAllSockets } from "./routes-carry-all-sockets";
import { routesKeepClients } from "./routes-keep-clients";
import { routesTryAnotherPod } from "./routes-try-another-pod";
import { secretsByReference } from "./secrets-by-reference";
import { servicesKeepClients } from "./services-keep-clients";
import { sessionStoreAsksForPassword } from "./session-store-asks-for-password";
import { sessionStoreIsEncrypted } from "./session-store-is-encrypted";
import { sessionStoreKeepsData } from "./session-store-keeps-data";
import { sessionStoreNeverEvicts } from "./session-store-never-evicts";
import { targetsSurviveAMissedProbe } from "./targets-survive-a-missed-probe";

/** Every rule, in the order of docs/policies.md. To add one, add a file here and a line in its place. */
export const rules: readonly Rule[] = [
  // Affinity
  servicesKeepClients,
  noClientIpOnLoadBalancers,
  edgeCookiesHold,
  edgeCookiesDoNotCollide,
  loadBalancersKeepClients,
  routesKeepClients,
  routesCarryAllSockets,
  routesTryAnotherPod,
  loadBalancerAnnotationsCount,
  // Timing constraints
  gracePeriodCoversDrain,
  podsWaitBeforeTheyEnd,
  preStopOutlastsDeregistration,
  pingBelowIdleTimeouts,
  affinityOutlivesSession,
  readinessLeavesInTime,
  targetsSurviveAMissedProbe,
  // Rollouts and capacity
  rolloutKeepsCapacity,
  rolloutEndsInTime,
  newPodsProveThemselves,
  disruptionBudgetExists,
  disruptionBudgetLetsNodesDrain,
  moreThanOneReplica,
  autoscalingFollowsConnections,
  // Pods
  restrictedPods,
  imagesAreFixed,
  resourcesAreSet,
  secretsByReference,
  // The session store
  sessionStoreNeverEvicts,
  sessionStoreAsksForPassword,
  sessionStoreKeepsData,
  elasticacheNeverEvicts,
  elasticacheAsksForPassword,
  elasticacheFailsOver,
  sessionStoreIsEncrypted,
  dataIsProtected,
  // Observability
  alertsKnowTheirMetrics,
];
