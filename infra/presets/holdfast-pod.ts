import { ports } from "../ports";
import type { WebSocketServiceArgs } from "../components/websocket-service";

type PodArgs = Pick<
  WebSocketServiceArgs,
  | "port"
  | "grpcPort"
  | "metricsPort"
  | "privatePorts"
  | "preStop"
  | "startupProbe"
  | "readinessProbe"
  | "livenessProbe"
>;

/**
 * What the Holdfast image serves, whether as application or as connection proxy: its ports, its probes, and the answer
 * to preStop, which it delays while it fails readiness.
 *
 * @param open those of its ports that the process listens on
 * @param preStopHook `http`, the process waits; `sleep`, the kubelet does
 */
export function holdfastPod(open: readonly (keyof typeof ports)[], preStopHook: "http" | "sleep"): PodArgs {
  const probe = (path: string) => ({ httpGet: { path, port: "http" } });
  return {
    port: ports.http,
    grpcPort: open.includes("grpc") ? ports.grpc : undefined,
    metricsPort: open.includes("metrics") ? ports.metrics : undefined,
    privatePorts: open.includes("lifecycle") ? { lifecycle: ports.lifecycle } : {},
    preStop: preStopHook === "http" ? { path: "/prestop", port: "lifecycle" } : "sleep",
    startupProbe: probe("/startupz"),
    readinessProbe: probe("/readyz"),
    livenessProbe: probe("/livez"),
  };
}
