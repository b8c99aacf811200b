import type { Check } from "../check";
import { autoscaler } from "./autoscaler";
import { controllerSockets } from "./controller-sockets";
import { connectionSkew } from "./connection-skew";
import { cookieCollisions } from "./cookie-collisions";
import { deployed } from "./deployed";
import { disruptionBudgets } from "./disruption-budgets";
import { drainTimes } from "./drain-times";
import { edgeAdmission } from "./edge-admission";
import { edgeCookie } from "./edge-cookie";
import { edgeUpgrade } from "./edge-upgrade";
import { edgeStickiness } from "./edge-stickiness";
import { gatewayRoutes, istioRoutes } from "./gateway-routes";
import { idleTimeouts } from "./idle-timeouts";
import { ignoredFields } from "./ignored-fields";
import { ingressAffinity } from "./ingress-affinity";
import { ingressAnnotations } from "./ingress-annotations";
import { ingressBackends } from "./ingress-backends";
import { ingressController } from "./ingress-controller";
import { loadBalancerAffinity } from "./load-balancer-affinity";
import { metricsScraped } from "./metrics-scraped";
import { loadBalancerStickiness } from "./load-balancer-stickiness";
import { nlbTargets } from "./nlb-targets";
import { podRestarts } from "./pod-restarts";
import { preStop } from "./prestop";
import { readiness } from "./readiness";
import { readinessGates } from "./readiness-gates";
import { reconnectLatency } from "./reconnect-latency";
import { redisPersistence } from "./redis-persistence";
import { redisPolicy } from "./redis-policy";
import { replicas } from "./replicas";
import { rolloutStrategy } from "./rollout-strategy";
import { serviceAffinity } from "./service-affinity";
import { servicesInSync } from "./services-in-sync";
import { websocketUpgrade } from "./websocket-upgrade";

/** Every check, in the order of the report. */
export const checks: readonly Check[] = [
  deployed,
  // How clients return to their pod
  serviceAffinity,
  ignoredFields,
  loadBalancerAffinity,
  ingressController,
  controllerSockets,
  ingressAffinity,
  ingressAnnotations,
  ingressBackends,
  cookieCollisions,
  gatewayRoutes,
  istioRoutes,
  loadBalancerStickiness,
  nlbTargets,
  readinessGates,
  servicesInSync,
  // Whether clients really return
  edgeAdmission,
  websocketUpgrade,
  edgeUpgrade,
  edgeCookie,
  edgeStickiness,
  idleTimeouts,
  reconnectLatency,
  // How pods end, and what remains meanwhile
  drainTimes,
  preStop,
  readiness,
  rolloutStrategy,
  replicas,
  disruptionBudgets,
  autoscaler,
  podRestarts,
  connectionSkew,
  // The session store and monitoring
  redisPolicy,
  redisPersistence,
  metricsScraped,
];
