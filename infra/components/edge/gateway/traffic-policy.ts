import type * as k8s from "@pulumi/kubernetes";
import { workloadLabels } from "../../../labels";
import type { EdgeArgs, EdgeBackend } from "../edge";
import { connectTimeout, maxRetries, retriedFailures } from "../retries";

/** No limit: the highest value that the API accepts. */
const unlimited = 4_294_967_295;

/**
 * The BackendTrafficPolicy of a service's HTTPRoute. It changes what Envoy Gateway does to WebSockets by default.
 *
 * - Each Envoy proxy opens 1,024 connections to a service, and further upgrades wait without an answer. The application limits
 *   its own connections and answers 503 above its limit.
 * - A ClientTrafficPolicy of the Gateway may cut quiet or long streams; the route's own limits override it.
 * - Without a retry, each client of a dead pod gets 503 until the pod has left the endpoints.
 * - A policy of the Gateway may spread clients by round robin or by a hash. With this policy, a client without a cookie, or whose
 *   pod is gone, goes to a pod with fewer open sockets, which in a rollout is usually a new one. A valid cookie still decides
 *   first.
 *
 * `StrategicMerge` keeps what a policy of the Gateway sets in addition; without it, this policy would replace that one.
 * https://gateway.envoyproxy.io/docs/api/extension_types/#backendtrafficpolicyspec
 */
export function trafficPolicy(
  { namespace }: Pick<EdgeArgs<unknown>, "namespace">,
  { name }: Pick<EdgeBackend, "name">,
): k8s.apiextensions.CustomResourceArgs {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "BackendTrafficPolicy",
    metadata: { name, namespace, labels: workloadLabels(name, "websocket-service") },
    spec: {
      targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name }],
      mergeType: "StrategicMerge",
      loadBalancer: { type: "LeastRequest" },
      circuitBreaker: {
        maxConnections: unlimited,
        maxPendingRequests: unlimited,
        maxParallelRequests: unlimited,
        maxParallelRetries: unlimited,
      },
      timeout: {
        tcp: { connectTimeout },
        http: { streamIdleTimeout: "0s", maxStreamDuration: "0s" },
      },
      retry: { numRetries: maxRetries, retryOn: { triggers: [...retriedFailures] } },
    },
  };
}
