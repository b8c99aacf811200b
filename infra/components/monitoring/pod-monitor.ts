import { componentSelector } from "../../labels";

/**
 * Copies fields of a pod to labels of its series; the operator itself adds `namespace`, `pod` and `container`. `action` has the
 * CRD's default value: the list is atomic, so without it a repeated `up` would conflict with the default.
 */
export const relabelings = [
  {
    action: "replace",
    sourceLabels: ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
    targetLabel: "service",
  },
] as const;

/** Prometheus' own default, unless the interval is shorter. Seconds. */
const scrapeTimeoutSeconds = 10;

/**
 * Scrapes the pods of all services of a stack. It is a PodMonitor because a draining pod has left the endpoints of its Service
 * and must still be scraped. https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
 */
export function podMonitorSpec(intervalSeconds: number): object {
  return {
    selector: { matchLabels: componentSelector("websocket-service") },
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
