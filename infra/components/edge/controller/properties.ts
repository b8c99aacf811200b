import type { NginxConfig } from "../nginx/schema";

/** The properties of an ingress controller that the program installs; see install.ts. */

/** The namespace of each controller; for `none`, the usual namespace of ingress-nginx. */
export const controllerNamespaces: Readonly<Record<NginxConfig["controller"], string>> = {
  none: "ingress-nginx",
  traefik: "traefik",
  "ingress-nginx": "ingress-nginx",
};

/** What a load balancer needs to know about the pods of an installed controller. */
export const controllerPods = {
  traefik: {
    labels: { "app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "traefik-traefik" },
    ports: { http: "web", https: "websecure" },
    health: { port: 8080, path: "/ping" },
  },
  "ingress-nginx": {
    labels: {
      "app.kubernetes.io/name": "ingress-nginx",
      "app.kubernetes.io/instance": "ingress-nginx",
      "app.kubernetes.io/component": "controller",
    },
    ports: { http: "http", https: "https" },
    health: { port: 10254, path: "/healthz" },
  },
} as const;

/** A Holdfast load balancer in front of a controller. */
export interface ControllerLoadBalancer {
  /** The name of the load balancer's Service, in the controller's namespace. */
  readonly serviceName: string;
  /** Labels that the load balancer's controller requires on that namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** How long new connections still reach a controller's pod that is ending. Seconds. */
  readonly propagationSeconds: number;
}

/** Time from the end of its propagation to the end of a controller's pod, for open requests and the exit. Seconds. */
const controllerCloseSeconds = 30;

/** The grace period of a controller's pod behind a load balancer. Seconds. */
export function controllerGraceSeconds(
  loadBalancer: Pick<ControllerLoadBalancer, "propagationSeconds">,
): number {
  return loadBalancer.propagationSeconds + controllerCloseSeconds;
}
