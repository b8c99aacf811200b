import type { NginxConfig } from "../nginx/schema";

/** What others need to know of an ingress controller that the program installs; see install.ts. */

/** Where each controller runs; `none` is where ingress-nginx is found by custom. */
export const controllerNamespaces: Readonly<Record<NginxConfig["controller"], string>> = {
  none: "ingress-nginx",
  traefik: "traefik",
  "ingress-nginx": "ingress-nginx",
};

/** What a load balancer needs to know of the pods of a controller that the program installs. */
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

/** A load balancer of our own in front of a controller. */
export interface ControllerLoadBalancer {
  /** Of the load balancer's Service, in the controller's namespace. */
  readonly serviceName: string;
  /** Labels that the load balancer's controller looks for on that namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** How long new connections still reach a controller's pod that ends. Seconds. */
  readonly propagationSeconds: number;
}

/** From the end of its propagation to the end of a controller's pod: the open requests, and the exit. Seconds. */
const controllerCloseSeconds = 30;

/** How long a controller's pod behind a load balancer may go on after its deletion. Seconds. */
export function controllerGraceSeconds(
  loadBalancer: Pick<ControllerLoadBalancer, "propagationSeconds">,
): number {
  return loadBalancer.propagationSeconds + controllerCloseSeconds;
}
