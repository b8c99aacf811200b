/**
 * Every metric that the application exports under a name of its own. A test keeps the list equal to
 * `app/server/metrics.ts`, which the pack does not load: it would bring the whole application along.
 */
export const applicationMetrics: Readonly<Record<string, "counter" | "gauge" | "histogram">> = {
  websocket_connections_active: "gauge",
  websocket_connections_closed_total: "counter",
  websocket_connections_created_total: "counter",
  websocket_drain_state: "gauge",
  websocket_messages_delivered_total: "counter",
  websocket_messages_published_total: "counter",
  websocket_messages_replayed_total: "counter",
  websocket_reconnects_total: "counter",
  websocket_redis_errors_total: "counter",
  websocket_resumes_total: "counter",
  websocket_room_recoveries_total: "counter",
  websocket_session_duration_seconds: "histogram",
  websocket_slow_consumers_closed_total: "counter",
  websocket_upgrades_refused_total: "counter",
};

/** The series that scraping the application gives. */
export const applicationSeries: ReadonlySet<string> = new Set(
  Object.entries(applicationMetrics).flatMap(([name, kind]) =>
    kind === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
  ),
);

/** Whether a series' name claims to be the application's: other exporters' names are nobody's business here. */
export function isApplications(series: string): boolean {
  return /^websocket[_:]/.test(series);
}
