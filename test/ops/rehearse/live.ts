import type { LiveStack, ServiceDescription } from "../../../ops/rehearse/cluster/live-stack";

/** A service as in staging. */
export function service(name: string, changes: Partial<ServiceDescription> = {}): ServiceDescription {
  return {
    name: `${name}-service`,
    path: `/${name}`,
    auth: "anonymous",
    image: "holdfast/app:0.1.0",
    replicas: 3,
    selector: { "app.kubernetes.io/name": `${name}-service` },
    labels: {
      "app.kubernetes.io/name": `${name}-service`,
      "app.kubernetes.io/component": "websocket-service",
    },
    ...changes,
  };
}

/** A running stack of two services. */
export function live(changes: Partial<LiveStack> = {}): LiveStack {
  return {
    namespace: "nova",
    services: [service("messaging"), service("streaming")],
    host: "api.nova.social",
    autoscaled: [],
    stores: ["redis"],
    policies: [],
    imagePullSecrets: [],
    ...changes,
  };
}
