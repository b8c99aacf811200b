import { judge, type Violation } from "../../../infra/policy/rule";
import { rules } from "../../../infra/policy/rules";
import { systemOf, type Environment } from "../../../infra/policy/system";
import { fromManifest, type Resource } from "../../../infra/policy/resource";
import { compliant, type AutoscalerOf, type EdgeOf } from "./compliant";
import { find, hide, paths, spoil, type Path } from "./spoil";

/** One spoiled field of the compliant system, and every violation that rules may report for it. */
interface Case {
  readonly rule: string;
  /** The object with the spoiled field. */
  readonly of: string;
  readonly field: Path;
  /** Undefined removes it. */
  readonly value: unknown;
  readonly actual: string;
  /** The object of the violation, if it is another one. */
  readonly blamed?: string;
  readonly edge?: EdgeOf;
  readonly autoscaler?: AutoscalerOf;
  readonly environment?: Environment;
}

const edges: readonly EdgeOf[] = ["nginx", "alb", "nlb", "gateway", "istio"];
const deployment = "Deployment live/chat";
const pod = "spec > template > spec";
const app = `${pod} > containers > 0`;
const service = "Service live/chat";
const ingress = "Ingress live/chat";
const nginx = (name: string) => `metadata > annotations > nginx.ingress.kubernetes.io/${name}`;
const alb = (name: string) => `metadata > annotations > alb.ingress.kubernetes.io/${name}`;
const aws = (name: string) => `metadata > annotations > service.beta.kubernetes.io/aws-load-balancer-${name}`;
const budget = "PodDisruptionBudget live/chat";
const autoscaler = "HorizontalPodAutoscaler live/feed";
const scaledObject = "ScaledObject live/feed";
const store = "StatefulSet live/sessions";
const settings = "ConfigMap live/sessions";
const group = "ReplicationGroup sessions";

const cases: readonly Case[] = [
  {
    rule: "services-keep-clients",
    of: service,
    field: "spec > sessionAffinity",
    value: "None",
    actual: "sessionAffinity is None",
  },
  {
    rule: "services-keep-clients",
    of: service,
    field: "spec > sessionAffinity",
    value: undefined,
    actual: "sessionAffinity is not set, which is None",
  },
  {
    rule: "services-keep-clients",
    of: service,
    field: "spec > trafficDistribution",
    value: "PreferClose",
    actual: "trafficDistribution is PreferClose, which filters the pods before affinity applies",
  },
  {
    rule: "no-client-ip-on-load-balancers",
    of: "Service ingress/controller",
    field: "spec > sessionAffinity",
    value: "ClientIP",
    actual: "type is LoadBalancer and sessionAffinity is ClientIP",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("affinity"),
    value: undefined,
    actual: "nginx.ingress.kubernetes.io/affinity is not set",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("affinity-mode"),
    value: "balanced",
    actual: "nginx.ingress.kubernetes.io/affinity-mode is balanced",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("session-cookie-path"),
    value: undefined,
    actual: "nginx.ingress.kubernetes.io/session-cookie-path is not set",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("session-cookie-max-age"),
    value: "1d",
    actual: "nginx.ingress.kubernetes.io/session-cookie-max-age is 1d",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("session-cookie-change-on-failure"),
    value: "false",
    actual: "nginx.ingress.kubernetes.io/session-cookie-change-on-failure is false",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("session-cookie-secure"),
    value: "false",
    actual: "nginx.ingress.kubernetes.io/session-cookie-secure is false",
  },
  {
    rule: "edge-cookies-hold",
    of: ingress,
    field: nginx("session-cookie-samesite"),
    value: "lax",
    actual: "nginx.ingress.kubernetes.io/session-cookie-samesite is lax",
  },
  {
    rule: "edge-cookies-do-not-collide",
    of: "Ingress live/feed",
    field: nginx("session-cookie-path"),
    value: "/",
    actual: "its cookie POD on path / for feed is also that of chat (Ingress live/chat, path /chat)",
  },
  {
    rule: "edge-cookies-do-not-collide",
    of: ingress,
    field: "spec > rules > 1",
    value: {
      host: "live.example",
      http: { paths: [{ path: "/more", backend: { service: { name: "feed" } } }] },
    },
    actual: "its cookie POD on path /chat for feed is also that of chat (the same object, path /chat)",
  },
  {
    rule: "edge-cookies-do-not-collide",
    edge: "alb",
    of: "Ingress live/feed",
    field: "spec > rules > 0 > host",
    value: "chat.live.example",
    actual: "its cookie AWSALB on path / for feed is also that of chat (Ingress live/chat, path /)",
  },
  {
    rule: "edge-cookies-do-not-collide",
    edge: "gateway",
    of: "HTTPRoute live/feed",
    field: "spec > rules > 0 > matches > 0 > path > value",
    value: "/chat/feed",
    actual:
      "its cookie POD on path /chat/feed for feed is also that of chat (HTTPRoute live/chat, path /chat)",
  },
  {
    rule: "load-balancers-keep-clients",
    edge: "alb",
    of: ingress,
    field: alb("target-group-attributes"),
    value: "stickiness.enabled=true,stickiness.type=app_cookie,stickiness.lb_cookie.duration_seconds=86400",
    actual:
      "alb.ingress.kubernetes.io/target-group-attributes has stickiness.enabled true, stickiness.type app_cookie",
  },
  {
    rule: "load-balancers-keep-clients",
    edge: "nlb",
    of: "Service live/chat-nlb",
    field: aws("target-group-attributes"),
    value: undefined,
    actual:
      "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes has stickiness.enabled not set, stickiness.type not set",
  },
  {
    rule: "routes-keep-clients",
    edge: "gateway",
    of: "HTTPRoute live/chat",
    field: "spec > rules > 0 > sessionPersistence",
    value: undefined,
    actual: "rule 1 has no sessionPersistence",
  },
  {
    rule: "routes-keep-clients",
    edge: "istio",
    of: "DestinationRule live/chat",
    field: "spec > trafficPolicy > loadBalancer > consistentHash",
    value: undefined,
    blamed: "VirtualService live/chat",
    actual: "no DestinationRule keeps the clients of Service chat on their pods with a consistent hash",
  },
  {
    rule: "routes-keep-clients",
    edge: "istio",
    of: "DestinationRule live/chat",
    field: "spec > host",
    value: "other",
    blamed: "VirtualService live/chat",
    actual: "no DestinationRule keeps the clients of Service chat on their pods with a consistent hash",
  },
  {
    rule: "routes-carry-all-sockets",
    edge: "gateway",
    of: "BackendTrafficPolicy live/chat",
    field: "spec > circuitBreaker",
    value: undefined,
    blamed: "HTTPRoute live/chat",
    actual: "circuitBreaker has maxConnections 1024, maxPendingRequests 1024, maxParallelRequests 1024",
  },
  {
    rule: "routes-carry-all-sockets",
    edge: "gateway",
    of: "BackendTrafficPolicy live/chat",
    field: "spec > circuitBreaker > maxPendingRequests",
    value: undefined,
    blamed: "HTTPRoute live/chat",
    actual: "circuitBreaker has maxPendingRequests 1024",
  },
  {
    rule: "routes-carry-all-sockets",
    edge: "gateway",
    of: "BackendTrafficPolicy live/chat",
    field: "spec > circuitBreaker > perEndpoint",
    value: { maxConnections: 500 },
    blamed: "HTTPRoute live/chat",
    actual: "circuitBreaker has perEndpoint.maxConnections 500",
  },
  {
    rule: "routes-carry-all-sockets",
    edge: "istio",
    of: "DestinationRule live/chat",
    field: "spec > trafficPolicy > connectionPool > tcp > maxConnections",
    value: 100,
    blamed: "VirtualService live/chat",
    actual: "connectionPool of Service chat has tcp.maxConnections 100",
  },
  {
    rule: "routes-try-another-pod",
    edge: "gateway",
    of: "BackendTrafficPolicy live/chat",
    field: "spec > retry",
    value: undefined,
    blamed: "HTTPRoute live/chat",
    actual: "no BackendTrafficPolicy retries a connection that fails",
  },
  {
    rule: "routes-try-another-pod",
    edge: "gateway",
    of: "BackendTrafficPolicy live/chat",
    field: "spec > retry > retryOn > triggers",
    value: ["gateway-error"],
    blamed: "HTTPRoute live/chat",
    actual: "no BackendTrafficPolicy retries a connection that fails",
  },
  {
    rule: "routes-try-another-pod",
    edge: "istio",
    of: "VirtualService live/chat",
    field: "spec > http > 0 > retries",
    value: undefined,
    actual: "rule 1 retries on the same pod",
  },
  {
    rule: "routes-try-another-pod",
    edge: "istio",
    of: "VirtualService live/chat",
    field: "spec > http > 0 > retries > attempts",
    value: 0,
    actual: "rule 1 has retries.attempts 0",
  },
  {
    rule: "ping-below-idle-timeouts",
    edge: "gateway",
    of: "BackendTrafficPolicy live/chat",
    field: "spec > timeout > http > streamIdleTimeout",
    value: "20s",
    blamed: "HTTPRoute live/chat",
    actual: `PING_INTERVAL_SECONDS of ${deployment} is 25, but it must be less than timeout.http.streamIdleTimeout of a BackendTrafficPolicy (20 s); otherwise quiet sockets are cut between two pings`,
  },
  {
    rule: "ping-below-idle-timeouts",
    edge: "istio",
    of: "VirtualService live/chat",
    field: "spec > http > 0 > timeout",
    value: "20s",
    actual: `PING_INTERVAL_SECONDS of ${deployment} is 25, but it must be less than timeout (20 s); otherwise quiet sockets are cut between two pings`,
  },
  {
    rule: "affinity-outlives-session",
    edge: "gateway",
    of: "HTTPRoute live/chat",
    field: "spec > rules > 0 > sessionPersistence > absoluteTimeout",
    value: "59m",
    actual:
      "sessionPersistence.absoluteTimeout is 3540, but it must be at least SESSION_TTL_SECONDS of Deployment live/chat (3600 s); otherwise a client loses its pod before its session ends",
  },
  {
    rule: "affinity-outlives-session",
    edge: "istio",
    of: "DestinationRule live/chat",
    field: "spec > trafficPolicy > loadBalancer > consistentHash > httpCookie > ttl",
    value: "60s",
    blamed: "VirtualService live/chat",
    actual:
      "httpCookie.ttl of its DestinationRule is 60, but it must be at least SESSION_TTL_SECONDS of Deployment live/chat (3600 s); otherwise a client loses its pod before its session ends",
  },
  {
    rule: "load-balancer-annotations-count",
    edge: "nlb",
    of: "Service live/chat-nlb",
    field: aws("type"),
    value: "nlb",
    actual:
      "service.beta.kubernetes.io/aws-load-balancer-type is nlb, which has no effect with loadBalancerClass service.k8s.aws/nlb",
  },
  {
    rule: "load-balancer-annotations-count",
    of: "Service ingress/controller",
    field: aws("backend-protocol"),
    value: "tcp",
    actual:
      "service.beta.kubernetes.io/aws-load-balancer-backend-protocol: tcp has no effect on a network load balancer",
  },
  {
    rule: "load-balancer-annotations-count",
    edge: "nlb",
    of: "Service live/chat-nlb",
    field: aws("ssl-cert"),
    value: "arn:aws:acm:eu-west-1:123456789012:certificate/abc",
    actual: "stickiness by source_ip is set on a TLS listener, which does not support it",
  },
  {
    rule: "grace-period-covers-drain",
    of: deployment,
    field: `${pod} > terminationGracePeriodSeconds`,
    value: 154,
    actual: "terminationGracePeriodSeconds is 154, but preStop 120 s + drain 30 s + close 5 s need 155 s",
  },
  {
    rule: "grace-period-covers-drain",
    of: deployment,
    field: `${pod} > terminationGracePeriodSeconds`,
    value: undefined,
    actual: "terminationGracePeriodSeconds is 30, but preStop 120 s + drain 30 s + close 5 s need 155 s",
  },
  {
    rule: "grace-period-covers-drain",
    of: deployment,
    field: `${app} > lifecycle > preStop`,
    value: { exec: { command: ["sh", "-c", "sleep 130"] } },
    actual: "terminationGracePeriodSeconds is 155, but preStop 130 s + drain 30 s + close 5 s need 165 s",
  },
  {
    rule: "grace-period-covers-drain",
    of: deployment,
    field: `${app} > env > 0 > value`,
    value: "31",
    actual: "terminationGracePeriodSeconds is 155, but preStop 120 s + drain 31 s + close 5 s need 156 s",
  },
  {
    rule: "pods-wait-before-they-end",
    of: deployment,
    field: `${app} > lifecycle`,
    value: undefined,
    actual: "no preStop hook waits before SIGTERM",
  },
  {
    rule: "prestop-outlasts-deregistration",
    edge: "alb",
    of: deployment,
    field: `${app} > lifecycle > preStop > sleep > seconds`,
    value: 119,
    blamed: ingress,
    actual: `${deployment}'s pods are its targets and wait 119 s before SIGTERM, but for 120 s they still get new connections`,
  },
  {
    rule: "prestop-outlasts-deregistration",
    edge: "nlb",
    of: deployment,
    field: `${app} > lifecycle > preStop > sleep > seconds`,
    value: 119,
    blamed: "Service live/chat-nlb",
    actual: `${deployment}'s pods are its targets and wait 119 s before SIGTERM, but for 120 s they still get new connections`,
  },
  {
    rule: "prestop-outlasts-deregistration",
    edge: "nlb",
    of: "Service live/chat-nlb",
    field: "metadata > annotations > holdfast/propagation-seconds",
    value: "150",
    actual: `${deployment}'s pods are its targets and wait 120 s before SIGTERM, but for 150 s they still get new connections`,
  },
  {
    rule: "ping-below-idle-timeouts",
    of: ingress,
    field: nginx("proxy-read-timeout"),
    value: "25",
    actual: `PING_INTERVAL_SECONDS of ${deployment} is 25, but it must be less than nginx.ingress.kubernetes.io/proxy-read-timeout (25 s); otherwise quiet sockets are cut between two pings`,
  },
  {
    rule: "ping-below-idle-timeouts",
    edge: "alb",
    of: ingress,
    field: alb("load-balancer-attributes"),
    value: "idle_timeout.timeout_seconds=20",
    actual: `PING_INTERVAL_SECONDS of ${deployment} is 25, but it must be less than idle_timeout.timeout_seconds (20 s); otherwise quiet sockets are cut between two pings`,
  },
  {
    rule: "ping-below-idle-timeouts",
    edge: "nlb",
    of: deployment,
    field: `${app} > env > 1 > value`,
    value: "3600",
    blamed: "Service live/chat-nlb",
    actual: `PING_INTERVAL_SECONDS of ${deployment} is 3600, but it must be less than tcp.idle_timeout.seconds of port 80 (3600 s); otherwise quiet sockets are cut between two pings`,
  },
  {
    rule: "affinity-outlives-session",
    of: service,
    field: "spec > sessionAffinityConfig > clientIP > timeoutSeconds",
    value: 600,
    actual:
      "sessionAffinityConfig.clientIP.timeoutSeconds is 600, but it must be at least SESSION_TTL_SECONDS of Deployment live/chat (3600 s); otherwise a client loses its pod before its session ends",
  },
  {
    rule: "affinity-outlives-session",
    of: ingress,
    field: nginx("session-cookie-max-age"),
    value: "60",
    actual:
      "nginx.ingress.kubernetes.io/session-cookie-max-age is 60, but it must be at least SESSION_TTL_SECONDS of Deployment live/chat (3600 s); otherwise a client loses its pod before its session ends",
  },
  {
    rule: "affinity-outlives-session",
    edge: "alb",
    of: ingress,
    field: alb("target-group-attributes"),
    value: "stickiness.enabled=true,stickiness.type=lb_cookie,stickiness.lb_cookie.duration_seconds=60",
    actual:
      "stickiness.lb_cookie.duration_seconds is 60, but it must be at least SESSION_TTL_SECONDS of Deployment live/chat (3600 s); otherwise a client loses its pod before its session ends",
  },
  {
    rule: "readiness-leaves-in-time",
    of: deployment,
    field: `${app} > readinessProbe`,
    value: undefined,
    actual: "container app has no readinessProbe",
  },
  {
    rule: "readiness-leaves-in-time",
    of: deployment,
    field: `${app} > readinessProbe > failureThreshold`,
    value: 61,
    actual: "container app is found unready after 61 probes 2 s apart, 122 s, but SIGTERM comes after 120 s",
  },
  ...(["alb", "nlb"] as const).map((edge) => ({
    rule: "targets-survive-a-missed-probe",
    edge,
    of: deployment,
    field: `${app} > readinessProbe > failureThreshold`,
    value: 1,
    blamed: edge === "alb" ? ingress : "Service live/chat-nlb",
    actual: `${deployment}'s pods are its targets, and one missed readiness probe deregisters them`,
  })),
  {
    rule: "rollout-keeps-capacity",
    of: deployment,
    field: "spec > strategy > rollingUpdate > maxUnavailable",
    value: 1,
    actual: "maxUnavailable is 1",
  },
  {
    rule: "rollout-keeps-capacity",
    of: deployment,
    field: "spec > strategy",
    value: undefined,
    actual: "maxUnavailable is 25%",
  },
  {
    rule: "rollout-keeps-capacity",
    of: deployment,
    field: "spec > strategy > rollingUpdate > maxSurge",
    value: "0%",
    actual: "maxSurge is 0%",
  },
  {
    rule: "rollout-keeps-capacity",
    of: deployment,
    field: "spec > strategy",
    value: { type: "Recreate" },
    actual: "strategy.type is Recreate, which stops all pods at once",
  },
  {
    rule: "rollout-ends-in-time",
    of: deployment,
    field: "spec > replicas",
    value: 91,
    actual:
      "a rollout takes up to 16 minutes: replicas is 91, 1 at a time, each 0 s to start + 10 s minReadySeconds",
  },
  {
    rule: "rollout-ends-in-time",
    of: deployment,
    field: `${app} > startupProbe`,
    value: { httpGet: { path: "/started", port: "http" }, initialDelaySeconds: 1, failureThreshold: 30 },
    actual:
      "a rollout takes up to 16 minutes: replicas is 3, 1 at a time, each 301 s to start + 10 s minReadySeconds",
  },
  ...(["horizontal", "keda"] as const).map((kind) => {
    const [of, field] = kind === "keda" ? [scaledObject, "maxReplicaCount"] : [autoscaler, "maxReplicas"];
    return {
      rule: "rollout-ends-in-time",
      autoscaler: kind,
      of,
      field: `spec > ${field}`,
      value: 100,
      blamed: "Deployment live/feed",
      actual:
        `a rollout takes up to 17 minutes: ${field} of ${of} is 100, 1 at a time, each 0 s to start + ` +
        "10 s minReadySeconds",
    };
  }),
  {
    rule: "new-pods-prove-themselves",
    of: deployment,
    field: "spec > minReadySeconds",
    value: undefined,
    actual: "minReadySeconds is 0",
  },
  {
    rule: "disruption-budget-exists",
    of: budget,
    field: "spec > selector > matchLabels > app",
    value: "other",
    blamed: deployment,
    actual: "no PodDisruptionBudget selects its pods",
  },
  {
    rule: "disruption-budget-exists",
    of: budget,
    field: "metadata > namespace",
    value: "elsewhere",
    blamed: deployment,
    actual: "no PodDisruptionBudget selects its pods",
  },
  {
    rule: "disruption-budget-lets-nodes-drain",
    of: budget,
    field: "spec > maxUnavailable",
    value: "0%",
    blamed: deployment,
    actual: "PodDisruptionBudget live/chat allows maxUnavailable 0%",
  },
  {
    rule: "disruption-budget-lets-nodes-drain",
    of: budget,
    field: "spec > minAvailable",
    value: 3,
    blamed: deployment,
    actual: "PodDisruptionBudget live/chat requires minAvailable 3 of 3 replicas",
  },
  {
    rule: "disruption-budget-lets-nodes-drain",
    of: "PodDisruptionBudget live/feed",
    field: "spec > minAvailable",
    value: "51%",
    blamed: "Deployment live/feed",
    actual: "PodDisruptionBudget live/feed requires minAvailable 51% of 2 replicas",
  },
  {
    rule: "disruption-budget-lets-nodes-drain",
    of: "PodDisruptionBudget live/feed",
    field: "spec > selector",
    value: { matchExpressions: [{ key: "app", operator: "In", values: ["chat", "feed"] }] },
    blamed: deployment,
    actual:
      "PodDisruptionBudget live/chat and PodDisruptionBudget live/feed select the same pods, so no eviction is allowed",
  },
  {
    rule: "more-than-one-replica",
    of: deployment,
    field: "spec > replicas",
    value: undefined,
    actual: "replicas is 1",
  },
  {
    rule: "more-than-one-replica",
    of: autoscaler,
    field: "spec > minReplicas",
    value: 1,
    blamed: "Deployment live/feed",
    actual: `minReplicas of ${autoscaler} is 1`,
  },
  {
    rule: "autoscaling-follows-connections",
    of: autoscaler,
    field: "spec > metrics",
    value: [{ type: "Resource", resource: { name: "cpu" } }],
    actual: "it scales Deployment live/feed only on cpu",
  },
  {
    rule: "autoscaling-follows-connections",
    of: autoscaler,
    field: "spec > behavior",
    value: undefined,
    actual: "behavior.scaleDown of Deployment live/feed may remove all pods above the minimum within seconds",
  },
  {
    rule: "autoscaling-follows-connections",
    of: "Deployment live/feed",
    field: "spec > replicas",
    value: 3,
    blamed: autoscaler,
    actual: "Deployment live/feed sets replicas, so each update overrides the autoscaler",
  },
  {
    rule: "more-than-one-replica",
    autoscaler: "keda",
    of: scaledObject,
    field: "spec > minReplicaCount",
    value: undefined,
    blamed: "Deployment live/feed",
    actual: `minReplicaCount of ${scaledObject} is 0`,
  },
  {
    rule: "more-than-one-replica",
    autoscaler: "keda",
    of: scaledObject,
    field: "spec > idleReplicaCount",
    value: 0,
    blamed: "Deployment live/feed",
    actual: `idleReplicaCount of ${scaledObject} is 0`,
  },
  {
    rule: "autoscaling-follows-connections",
    autoscaler: "keda",
    of: scaledObject,
    field: "spec > triggers",
    value: [{ type: "cpu", metricType: "Utilization", metadata: { value: "60" } }],
    actual: "it scales Deployment live/feed only on cpu",
  },
  {
    rule: "autoscaling-follows-connections",
    autoscaler: "keda",
    of: scaledObject,
    field: "spec > triggers > 0 > metadata > ignoreNullValues",
    value: undefined,
    actual: "it reads an empty answer of Prometheus as zero connections of Deployment live/feed",
  },
  {
    rule: "autoscaling-follows-connections",
    autoscaler: "keda",
    of: scaledObject,
    field: "spec > advanced",
    value: undefined,
    actual: "behavior.scaleDown of Deployment live/feed may remove all pods above the minimum within seconds",
  },
  {
    rule: "autoscaling-follows-connections",
    autoscaler: "keda",
    of: "Deployment live/feed",
    field: "spec > replicas",
    value: 3,
    blamed: scaledObject,
    actual: "Deployment live/feed sets replicas, so each update overrides the autoscaler",
  },
  {
    rule: "alerts-know-their-metrics",
    autoscaler: "keda",
    of: scaledObject,
    field: "spec > triggers > 0 > metadata > query",
    value: "sum(websocket_connections)",
    actual: "it queries websocket_connections, which nothing exports or records",
  },
  {
    rule: "alerts-know-their-metrics",
    of: autoscaler,
    field: "spec > metrics > 0 > pods > metric > name",
    value: "websocket_connections",
    actual: "it queries websocket_connections, which nothing exports or records",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${pod} > hostNetwork`,
    value: true,
    actual: "hostNetwork is true",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${pod} > volumes > 0 > hostPath`,
    value: { path: "/" },
    actual: "volume tmp is a hostPath",
  },
  {
    rule: "restricted-pods",
    of: store,
    field: `${pod} > securityContext > runAsNonRoot`,
    value: undefined,
    actual: "container redis may run as root",
  },
  {
    rule: "restricted-pods",
    of: store,
    field: `${pod} > securityContext > seccompProfile`,
    value: undefined,
    actual: "container redis has the seccomp profile of nobody",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${app} > securityContext > runAsUser`,
    value: 0,
    actual: "container app runs as user 0",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${pod} > initContainers > 0 > securityContext > allowPrivilegeEscalation`,
    value: undefined,
    actual: "container migrate may gain privileges",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${app} > securityContext > privileged`,
    value: true,
    actual: "container app is privileged",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${app} > securityContext > capabilities > drop`,
    value: ["NET_RAW"],
    actual: "container app keeps capabilities",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${app} > securityContext > capabilities > add`,
    value: ["NET_BIND_SERVICE", "SYS_ADMIN"],
    actual: "container app adds SYS_ADMIN",
  },
  {
    rule: "restricted-pods",
    of: deployment,
    field: `${app} > ports > 0 > hostPort`,
    value: 80,
    actual: "container app takes port 80 of the node for 8080",
  },
  {
    rule: "images-are-fixed",
    of: deployment,
    field: `${app} > image`,
    value: "registry.example/chat:latest",
    actual: "container app runs registry.example/chat:latest",
  },
  {
    rule: "images-are-fixed",
    of: deployment,
    field: `${pod} > initContainers > 0 > image`,
    value: "registry.example:5000/chat",
    actual: "container migrate runs registry.example:5000/chat",
  },
  {
    rule: "resources-are-set",
    of: deployment,
    field: `${app} > resources`,
    value: { requests: { memory: "512Mi" } },
    actual: "container app has no requests.cpu, limits.memory",
  },
  {
    rule: "secrets-by-reference",
    of: deployment,
    field: `${app} > env > 5`,
    value: { name: "DB_PASSWORD", value: "hunter2" },
    actual: "environment variable DB_PASSWORD of container app holds what looks like a secret",
  },
  {
    rule: "secrets-by-reference",
    of: deployment,
    field: `${app} > env > 3 > value`,
    value: "redis://:hunter2@sessions:6379",
    actual: "environment variable TOKEN_TTL_SECONDS of container app holds what looks like a secret",
  },
  {
    rule: "secrets-by-reference",
    of: deployment,
    field: `${app} > args > 3`,
    value: "hunter2",
    actual: "an argument of container app holds what looks like a secret",
  },
  {
    rule: "secrets-by-reference",
    of: settings,
    field: "data > redis.conf",
    value: "appendonly yes\nmaxmemory 300mb\nrequirepass hunter2\n",
    actual: "data.redis.conf holds what looks like a secret",
  },
  {
    rule: "session-store-never-evicts",
    of: settings,
    field: "data > redis.conf",
    value: "appendonly yes\nmaxmemory 300mb\nmaxmemory-policy allkeys-lru\n",
    blamed: store,
    actual: "maxmemory-policy is allkeys-lru",
  },
  {
    rule: "session-store-never-evicts",
    of: settings,
    field: "data > redis.conf",
    value: "appendonly yes\n",
    blamed: store,
    actual: "maxmemory is not set, so that the node kills the server when it is full",
  },
  {
    rule: "session-store-never-evicts",
    of: store,
    field: `${app} > command`,
    value: ["redis-server", "--requirepass", "$(PASSWORD)", "--maxmemory-policy", "volatile-ttl"],
    actual: "maxmemory-policy is volatile-ttl",
  },
  {
    rule: "elasticache-never-evicts",
    of: group,
    field: "parameterGroupName",
    value: "default.valkey8",
    actual: "its parameter group is default.valkey8, whose maxmemory-policy is volatile-lru",
  },
  {
    rule: "elasticache-never-evicts",
    of: "ParameterGroup sessions",
    field: "parameters",
    value: [{ name: "activedefrag", value: "yes" }],
    actual: "maxmemory-policy is AWS's default, volatile-lru",
  },
  {
    rule: "elasticache-never-evicts",
    of: "GlobalReplicationGroup sessions",
    field: "parameterGroupName",
    value: "default.valkey9",
    actual: "its members have the parameter group default.valkey9, whose maxmemory-policy is volatile-lru",
  },
  {
    rule: "session-store-asks-for-password",
    of: store,
    field: `${app} > command`,
    value: ["redis-server", "/etc/redis/redis.conf"],
    actual: "it has neither a password nor users",
  },
  {
    rule: "elasticache-asks-for-password",
    of: group,
    field: "authToken",
    value: undefined,
    actual: "it has neither an authToken nor userGroupIds",
  },
  {
    rule: "session-store-keeps-data",
    of: settings,
    field: "data > redis.conf",
    value: "maxmemory 300mb\n",
    blamed: store,
    actual: "appendonly is no",
  },
  {
    rule: "session-store-keeps-data",
    of: store,
    field: "spec > volumeClaimTemplates",
    value: undefined,
    actual: "its data is on no volume that outlives the pod",
  },
  {
    rule: "elasticache-fails-over",
    environment: "production",
    of: group,
    field: "multiAzEnabled",
    value: undefined,
    actual: "multiAzEnabled is not set, which is false",
  },
  {
    rule: "elasticache-fails-over",
    environment: "production",
    of: group,
    field: "snapshotRetentionLimit",
    value: 0,
    actual: "it keeps no snapshots",
  },
  {
    rule: "session-store-is-encrypted",
    of: group,
    field: "transitEncryptionEnabled",
    value: undefined,
    actual: "transitEncryptionEnabled is not set, which is false",
  },
  {
    rule: "session-store-is-encrypted",
    of: group,
    field: "atRestEncryptionEnabled",
    value: false,
    actual: "atRestEncryptionEnabled is false",
  },
  {
    rule: "data-is-protected",
    environment: "production",
    of: store,
    field: "spec > persistentVolumeClaimRetentionPolicy > whenDeleted",
    value: "Delete",
    actual: "persistentVolumeClaimRetentionPolicy.whenDeleted is Delete",
  },
  {
    rule: "alerts-know-their-metrics",
    of: "PrometheusRule live/live",
    field: "spec > groups > 0 > rules > 1 > expr",
    value: "sum(rate(websocket_reconnections_total[1m])) > 10",
    actual:
      "alert WebSocketReconnectSurge queries websocket_reconnections_total, which nothing exports or records",
  },
  {
    rule: "alerts-know-their-metrics",
    of: "PrometheusRule live/live",
    field: "spec > groups > 0 > rules > 0 > record",
    value: "websocket:reconnects:rate5m",
    actual:
      "alert WebSocketReconnectSurge queries websocket:reconnects:rate1m, which nothing exports or records",
  },
  {
    rule: "alerts-know-their-metrics",
    of: "ConfigMap live/dashboard",
    field: "data > live.json",
    value: '{ "panels": [{ "panels": [{ "targets": [{ "expr": "websocket_sessions" }] }] }] }',
    actual: "a panel of live.json queries websocket_sessions, which nothing exports or records",
  },
];

function verdict(resources: readonly Resource[], environment: Environment = "shared"): Violation[] {
  return judge(rules, systemOf(resources, { environment }));
}

const shown = (violations: readonly Violation[]) =>
  violations.map(({ rule, resource, actual }) => ({ rule: rule.name, object: resource.title, actual }));

describe.each<EdgeOf>(edges)("a system that does everything right behind the edge %s", (edge) => {
  test.each<Environment>(["local", "shared", "production"])("breaks no rule in a %s stack", (environment) => {
    expect(shown(verdict(compliant(edge), environment))).toEqual([]);
  });
});

test("a system that KEDA scales breaks no rule", () => {
  expect(shown(verdict(compliant("nginx", "keda")))).toEqual([]);
});

describe("the number of pods with an autoscaler", () => {
  test("may be in the manifest as long as Pulumi ignores its changes", () => {
    const resources = compliant().map((resource) => ({ ...resource, ignoreChanges: ["spec.replicas"] }));
    spoil(find(resources, "Deployment live/feed"), "spec > replicas", 3);
    expect(shown(verdict(resources))).toEqual([]);
  });

  test("has one owner", () => {
    const both = [...compliant(), find(compliant("nginx", "keda"), scaledObject)];
    const rule = "autoscaling-follows-connections";
    expect(shown(verdict(both))).toEqual([
      {
        rule,
        object: autoscaler,
        actual: `${scaledObject} scales Deployment live/feed as well, so neither does`,
      },
      {
        rule,
        object: scaledObject,
        actual: `${autoscaler} scales Deployment live/feed as well, so neither does`,
      },
    ]);
  });
});

describe.each(cases)("$rule, with $of spoiled: $actual", (one) => {
  const { rule, of, field, value, actual, blamed = of, edge, autoscaler, environment } = one;

  test("reports exactly this violation, with its object", () => {
    const resources = compliant(edge, autoscaler);
    spoil(find(resources, of), field, value);
    expect(shown(verdict(resources, environment))).toEqual([{ rule, object: blamed, actual }]);
  });

  test("reports nothing while the field is unknown", () => {
    const resources = compliant(edge, autoscaler);
    const resource = find(resources, of);
    spoil(resource, field, value ?? "will be something");
    hide(resource, field);
    expect(shown(verdict(resources, environment))).toEqual([]);
  });
});

test("every rule has a case that breaks it", () => {
  const broken = new Set(cases.map(({ rule }) => rule));
  expect(rules.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
});

describe("what a preview does not know yet", () => {
  test.each<EdgeOf>(edges)("never breaks a rule, whichever field it is (%s)", (edge) => {
    const resources = compliant(edge, edge === "nginx" ? "keda" : "horizontal");
    for (const [index, resource] of resources.entries()) {
      for (const path of paths(resource.properties)) {
        const hidden = structuredClone(resource);
        hide(hidden, path);
        const said = shown(verdict(resources.toSpliced(index, 1, hidden), "production"));
        expect({ of: resource.title, path, said }).toEqual({ of: resource.title, path, said: [] });
      }
    }
  });

  test("hides nothing that is known about other objects", () => {
    const resources = compliant();
    hide(find(resources, "Deployment live/feed"), `${pod} > containers`);
    hide(find(resources, "Ingress live/feed"), "spec");
    hide(find(resources, "PodDisruptionBudget live/feed"), "spec");
    spoil(find(resources, deployment), "spec > minReadySeconds", 0);
    spoil(find(resources, ingress), nginx("affinity-mode"), "balanced");
    expect(shown(verdict(resources)).map(({ rule }) => rule)).toEqual([
      "edge-cookies-hold",
      "new-pods-prove-themselves",
    ]);
  });
});

test("type nlb without a class belongs to one controller or the other, by the Service's age", () => {
  const resources = compliant("nlb");
  const balancer = find(resources, "Service live/chat-nlb");
  spoil(balancer, aws("type"), "nlb");
  spoil(balancer, "spec > loadBalancerClass", undefined);
  expect(shown(verdict(resources))).toEqual([
    {
      rule: "load-balancer-annotations-count",
      object: "Service live/chat-nlb",
      actual:
        "service.beta.kubernetes.io/aws-load-balancer-type is nlb without a loadBalancerClass, so the Service's age decides which controller handles it",
    },
  ]);
});

describe("policies of Envoy Gateway", () => {
  const policy = "BackendTrafficPolicy live/chat";
  /** The effect of a policy of the Gateway if the route's own lacks one field, or does not exist. */
  const broken = (kind: string, spec: object, change: (resources: Resource[]) => Resource[]) => {
    const resources = change(compliant("gateway"));
    const of = { targetRef: { kind: "Gateway", name: "public" }, ...spec };
    const manifest = { kind, metadata: { name: "all", namespace: "edge" }, spec: of };
    resources.push(fromManifest({ apiVersion: "gateway.envoyproxy.io/v1alpha1", ...manifest }));
    return judge(rules, systemOf(resources)).filter(
      ({ resource }) => resource.title === "HTTPRoute live/chat",
    );
  };
  const without = (field: string) => (resources: Resource[]) => {
    spoil(find(resources, policy), field, undefined);
    return resources;
  };

  test("a ClientTrafficPolicy of the Gateway counts if the route's own does not set the field", () => {
    const spec = { timeout: { http: { streamIdleTimeout: "10s" } } };
    expect(broken("ClientTrafficPolicy", spec, (resources) => resources)).toEqual([]);
    const [first, ...more] = broken("ClientTrafficPolicy", spec, without("spec > timeout"));
    expect(more).toEqual([]);
    expect(first?.actual).toContain("timeout.http.streamIdleTimeout of a ClientTrafficPolicy (10 s)");
  });

  test("a request timeout is an idle timeout of at least an hour, as Envoy Gateway derives it", () => {
    const resources = compliant("gateway");
    spoil(find(resources, policy), "spec > timeout", undefined);
    spoil(find(resources, "HTTPRoute live/chat"), "spec > rules > 0 > timeouts > request", "5s");
    expect(judge(rules, systemOf(resources))).toEqual([]);
  });

  test("a BackendTrafficPolicy of the Gateway counts if the route's own is merged, or there is none", () => {
    const spec = {
      circuitBreaker: { maxConnections: 9_000, maxPendingRequests: 9_000, maxParallelRequests: 9_000 },
      retry: {},
    };
    const lacks = ["routes-carry-all-sockets"];
    const namesOf = (change: (resources: Resource[]) => Resource[]) =>
      broken("BackendTrafficPolicy", spec, change).map(({ rule }) => rule.name);
    expect(namesOf(without("spec > circuitBreaker"))).toEqual([]);
    const unmerged = (resources: Resource[]) =>
      without("spec > mergeType")(without("spec > circuitBreaker")(resources));
    expect(namesOf(unmerged)).toEqual(lacks);
    expect(namesOf((resources) => resources.filter(({ title }) => title !== policy))).toEqual([]);
  });
});

test("nothing is reported about a session store whose settings cannot be read", () => {
  const spoiled = compliant();
  spoil(find(spoiled, store), `${app} > command`, ["redis-server", "/etc/redis/redis.conf"]);
  const elsewhere = spoiled.filter(({ title }) => title !== settings);
  expect(shown(verdict(elsewhere))).toEqual([]);
});

describe("the environment", () => {
  test("local allows one pod, and a cookie without TLS", () => {
    const resources = compliant();
    spoil(find(resources, deployment), "spec > replicas", 1);
    spoil(find(resources, ingress), nginx("session-cookie-secure"), "false");
    expect(shown(verdict(resources, "local"))).toEqual([]);
  });

  test("only production requires protection, and only if Pulumi reports it", () => {
    const unprotected = compliant().map((resource) => ({ ...resource, protect: false }));
    expect(shown(verdict(unprotected, "production"))).toEqual(
      [group, "GlobalReplicationGroup sessions", "ReplicationGroup sessions-standby"].map((object) => ({
        rule: "data-is-protected",
        object,
        actual: "it is not protected",
      })),
    );
    expect(shown(verdict(unprotected, "shared"))).toEqual([]);
    const untold = compliant().map((resource) => ({ ...resource, protect: undefined }));
    expect(shown(verdict(untold, "production"))).toEqual([]);
  });
});

test("a rule of scope resource needs no other resource, because the engine gives it none", () => {
  const alone = rules.filter(({ scope }) => scope === "resource");
  for (const { rule, of, field, value, edge, autoscaler, environment } of cases) {
    const resources = compliant(edge, autoscaler);
    spoil(find(resources, of), field, value);
    const together = judge(alone, systemOf(resources, environment === undefined ? {} : { environment }));
    const apart = resources.flatMap((resource) =>
      judge(alone, systemOf([resource], environment === undefined ? {} : { environment })),
    );
    expect({
      rule,
      names: shown(apart)
        .map((one) => one.rule)
        .sort(),
    }).toEqual({
      rule,
      names: shown(together)
        .map((one) => one.rule)
        .sort(),
    });
  }
});

test("never shows the value of a secret", () => {
  const secrets = cases.filter(({ rule }) => rule === "secrets-by-reference");
  expect(secrets).not.toEqual([]);
  for (const { of, field, value } of secrets) {
    const resources = compliant();
    spoil(find(resources, of), field, value);
    expect(JSON.stringify(verdict(resources).map(({ actual, fix }) => [actual, fix]))).not.toContain(
      "hunter2",
    );
  }
});
