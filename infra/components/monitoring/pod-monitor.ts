import { componentLabels } from "../../labels";

/**
 * From the fields of a pod to the labels of its series; `namespace`, `pod` and `container` the operator adds itself. With
 * the action that the CRD would fill in: the list is atomic, and a repeated `up` would conflict with what is filled in.
 */
export const relabelings = [
  {
    action: "replace",
    sourceLabels: ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
    targetLabel: "service",
  },
] as const;

/** Prometheus' own limit, unless the interval is shorter. Seconds. */
const scrapeTimeoutSeconds = 10;

/**
 * The pods of all services of a stack. A PodMonitor, because a pod that drains has left its Service's endpoints and
 * must still be seen. https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
 */
export function podMonitorSpec(intervalSeconds: number): object {
  return {
    selector: { matchLabels: componentLabels("websocket-service") },
    podMetricsEndpoints: [
      {
        port: "metrics",
        path: "/metrics",
        interval: `${intervalSeconds}s`,
        scrapeTimeout: `${Math.min(intervalSeconds, scrapeTimeoutSeconds)}s`,
        relabelings,
      },
    ],
  };
}
