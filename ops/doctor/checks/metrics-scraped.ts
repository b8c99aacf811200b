import { ports } from "../../../infra/ports";
import type { Check } from "../check";
import { ok, unknown, warn, type Finding } from "../finding";
import { selects } from "../../../infra/policy/workload";
import type { Monitor, Prometheus, Snapshot } from "../snapshot";
import { subjects, type Subject } from "../subjects";

/**
 * prometheus-operator scrapes the pods that a PodMonitor or ServiceMonitor selects, if a Prometheus selects that monitor: a
 * missing label causes no error. https://prometheus-operator.dev/docs/developer/getting-started/
 */
export const metricsScraped: Check = {
  name: "metrics-scraped",
  title: "A Prometheus scrapes every pod",
  needs: ["monitors", "prometheuses", "services", "pods", "namespaces"],
  judge: (snapshot) => {
    const { monitors, prometheuses } = snapshot.objects;
    // Without monitors and without a Prometheus, this cluster measures in another way, or not at all.
    if (monitors.length === 0 && prometheuses.length === 0) return [];
    return subjects(snapshot).map((subject) => judge(snapshot, subject));
  },
};

function judge(snapshot: Snapshot, subject: Subject): Finding {
  const { monitors, prometheuses } = snapshot.objects;
  const namespace = snapshot.config.namespace.name;
  const covering = monitors.filter((monitor) => covers(monitor, subject, namespace));
  if (covering.length === 0) {
    return warn(subject.name, {
      what: "no PodMonitor or ServiceMonitor selects its pods' metrics port",
      evidence: `${monitors.length} monitors in the cluster`,
      why: "no dashboard shows a rollout, and no alert fires when one fails",
      fix: "set holdfast:monitoring, or create one that selects app.kubernetes.io/name and the port metrics",
    });
  }
  const names = covering
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
    .join(", ");
  if (prometheuses.length === 0) {
    return unknown(subject.name, {
      what: "no Prometheus object exists that could select its monitor",
      evidence: names,
      why: "the monitor alone scrapes nothing",
      fix: "if a Prometheus runs elsewhere, look there: count(websocket_connections_active)",
    });
  }
  const chosen = covering.find((monitor) =>
    prometheuses.some((prometheus) => selectsMonitor(prometheus, monitor, snapshot)),
  );
  if (chosen !== undefined) {
    return ok(
      subject.name,
      "is scraped",
      `${chosen.kind} ${chosen.metadata.namespace}/${chosen.metadata.name}`,
    );
  }
  const [prometheus] = prometheuses;
  const field = covering[0]?.kind === "PodMonitor" ? "podMonitorSelector" : "serviceMonitorSelector";
  const wanted = prometheus?.spec[field];
  return warn(subject.name, {
    what: "no Prometheus selects its monitor",
    evidence: `${names} with labels ${JSON.stringify(covering[0]?.metadata.labels ?? {})}; Prometheus ${prometheus?.metadata.name ?? ""}: ${field} ${JSON.stringify(wanted ?? "absent")}`,
    why: "nothing is scraped, and every panel and alert is empty without an error",
    fix: `kubectl -n ${namespace} label ${covering[0]?.kind.toLowerCase() ?? "podmonitor"} ${covering[0]?.metadata.name ?? ""} ${Object.entries(
      wanted?.matchLabels ?? {},
    )
      .map(([key, value]) => `${key}=${value}`)
      .join(" ")}`,
  });
}

function covers(monitor: Monitor, { name, service, pods }: Subject, namespace: string): boolean {
  const { any, matchNames } = monitor.spec.namespaceSelector ?? {};
  const there = any === true || (matchNames ?? [monitor.metadata.namespace]).includes(namespace);
  const labels =
    monitor.kind === "PodMonitor"
      ? (pods[0]?.metadata?.labels ?? { "app.kubernetes.io/name": name })
      : service?.metadata?.labels;
  const endpoints = monitor.spec.podMetricsEndpoints ?? monitor.spec.endpoints ?? [];
  const port = endpoints.some(
    (endpoint) =>
      endpoint.port === "metrics" ||
      [endpoint.portNumber, endpoint.targetPort].some((each) => each === ports.metrics || each === "metrics"),
  );
  return there && port && selects(monitor.spec.selector, labels ?? {});
}

function selectsMonitor({ metadata, spec }: Prometheus, monitor: Monitor, { objects }: Snapshot): boolean {
  const pod = monitor.kind === "PodMonitor";
  const selector = pod ? spec.podMonitorSelector : spec.serviceMonitorSelector;
  const namespaces = pod ? spec.podMonitorNamespaceSelector : spec.serviceMonitorNamespaceSelector;
  // Without a namespace selector, a Prometheus selects only in its own namespace.
  const near =
    namespaces === undefined
      ? monitor.metadata.namespace === metadata.namespace
      : selects(
          namespaces,
          objects.namespaces.find((each) => each.metadata?.name === monitor.metadata.namespace)?.metadata
            ?.labels ?? {},
        );
  return near && selects(selector, monitor.metadata.labels ?? {});
}
