/**
 * Every time series of the application itself that a pod exposes. A test keeps the list equal to `app/server/metric-names.ts`.
 * The pack does not load that file, because it imports the whole application.
 */
export const applicationSeries: ReadonlySet<string> = new Set([
  "websocket_buffered_bytes",
  "websocket_connections_active",
  "websocket_connections_closed_total",
  "websocket_connections_created_total",
  "websocket_drain_budget_seconds",
  "websocket_drain_clients",
  "websocket_drain_clients_left",
  "websocket_drain_clients_overdue",
  "websocket_drain_elapsed_seconds",
  "websocket_drain_state",
  "websocket_messages_delivered_total",
  "websocket_messages_published_total",
  "websocket_messages_replayed_total",
  "websocket_ready",
  "websocket_reconnects_total",
  "websocket_redis_errors_total",
  "websocket_redis_memory_limit_bytes",
  "websocket_redis_memory_used_bytes",
  "websocket_redis_messages_dropped_total",
  "websocket_redis_operation_duration_seconds_bucket",
  "websocket_redis_operation_duration_seconds_count",
  "websocket_redis_operation_duration_seconds_sum",
  "websocket_resumes_total",
  "websocket_room_recoveries_total",
  "websocket_session_age_seconds_bucket",
  "websocket_session_age_seconds_count",
  "websocket_session_age_seconds_sum",
  "websocket_session_duration_seconds_bucket",
  "websocket_session_duration_seconds_count",
  "websocket_session_duration_seconds_sum",
  "websocket_slow_consumers_closed_total",
  "websocket_rebalance_goaways_total",
  "websocket_upgrades_refused_total",
]);

/** Whether a series has a name of the application. Rules ignore the names of other exporters. */
export function isApplications(series: string): boolean {
  return /^websocket[_:]/.test(series);
}
