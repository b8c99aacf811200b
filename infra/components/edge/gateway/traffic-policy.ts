import type * as k8s from "@pulumi/kubernetes";
import { workloadLabels } from "../../../labels";
import type { EdgeArgs, EdgeBackend } from "../edge";
import { connectTimeout, maxRetries, retriedFailures } from "../retries";

/** No limit, as Envoy counts: the highest value that the API takes. */
const unlimited = 4_294_967_295;

/**
 * The BackendTrafficPolicy of a service's HTTPRoute: what Envoy Gateway would otherwise do to WebSockets by default.
 *
 * - Envoy opens 1,024 connections a proxy to a service, and lets further upgrades wait unanswered. The application
 *   limits its own connections and answers 503 beyond.
 * - A ClientTrafficPolicy of the Gateway may cut quiet or long streams; the route's own limits override it.
 * - Without a retry, each client of a dead pod gets 503 until the pod has left the endpoints.
 * - A policy of the Gateway may spread clients by turns or by a hash. A client without a cookie, or whose pod has gone,
 *   goes to a pod with fewer open sockets: in a rollout that is mostly a new one. A valid cookie still decides first.
 *
 * `StrategicMerge` keeps what a policy of the Gateway sets beside these: an unmerged one replaces it all.
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
