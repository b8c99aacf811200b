/**
 * How Envoy handles a pod that is dead but still among the endpoints, because the kubelet or the node controller takes seconds to
 * minutes to notice: it tries another pod. It repeats only attempts whose request has not left the proxy, so that no request
 * reaches two pods.
 */

/** The failures that are retried, by Envoy's names. In both cases the request was not sent. */
export const retriedFailures = ["connect-failure", "reset-before-request"] as const;

/** The number of retries. A failing node takes several pods down. */
export const maxRetries = 3;

/** Timeout for a connection to a pod. Envoy's default is 10 s, which is longer than a client waits. */
export const connectTimeout = "2s";
