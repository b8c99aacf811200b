/**
 * How Envoy meets a pod that is dead but still among the endpoints, which takes the kubelet or the node controller
 * seconds to minutes to notice: it tries another pod. Only attempts whose request has not left the proxy are repeated,
 * so that no request reaches two pods.
 */

/** Failures that are retried, as Envoy names them; the request was not sent in either. */
export const retriedFailures = ["connect-failure", "reset-before-request"] as const;

/** Attempts after the first. A node that dies takes several pods with it. */
export const maxRetries = 3;

/** For a connection to a pod; Envoy's own default of 10 s is all that a client waits for. */
export const connectTimeout = "2s";
