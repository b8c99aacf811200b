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
 * The ports, probes and preStop hook of the Holdfast image, as application or as connection proxy.
 *
 * @param open the ports on which the process listens
 * @param preStopHook `http`: the process fails readiness and waits; `sleep`: the kubelet waits
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
