import * as k8s from "@pulumi/kubernetes";
import { IngressController } from "@pulumi/kubernetes-ingress-nginx";
import * as pulumi from "@pulumi/pulumi";
import type { NginxConfig } from "./nginx";

/** Chart versions that are installed; docs/decisions/edge-controller.md says why these. */
export const charts = {
  traefik: {
    chart: "traefik",
    version: "41.3.0",
    repositoryOpts: { repo: "https://traefik.github.io/charts" },
  },
  ingressNginx: {
    chart: "ingress-nginx",
    version: "4.15.1",
    repositoryOpts: { repo: "https://kubernetes.github.io/ingress-nginx" },
  },
} as const;

/** Where each controller runs; `none` is where ingress-nginx is found by custom. */
export const controllerNamespaces: Readonly<Record<NginxConfig["controller"], string>> = {
  none: "ingress-nginx",
  traefik: "traefik",
  "ingress-nginx": "ingress-nginx",
};

/** Installs the controller of the configuration; undefined if it runs already. */
export function createController(
  name: string,
  config: NginxConfig,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Resource | undefined {
  switch (config.controller) {
    case "none":
      return undefined;
    case "traefik":
      return traefik(`${name}-traefik`, config, opts);
    case "ingress-nginx":
      return ingressNginx(`${name}-ingress-nginx`, config, opts);
  }
}

/** Reads ingress-nginx's annotations for IngressClasses of this controller. */
const nginxControllerClass = "k8s.io/ingress-nginx";

function traefik(name: string, config: NginxConfig, opts: pulumi.CustomResourceOptions): pulumi.Resource {
  // The chart's own class names Traefik as its controller, and the provider looks for ingress-nginx.
  const ingressClass = new k8s.networking.v1.IngressClass(
    `${name}-class`,
    { metadata: { name: config.ingressClassName }, spec: { controller: nginxControllerClass } },
    opts,
  );
  return new k8s.helm.v3.Release(
    name,
    {
      ...charts.traefik,
      name: "traefik",
      namespace: controllerNamespaces.traefik,
      createNamespace: true,
      // A local cluster gives the load balancer no address; helm would wait for it.
      skipAwait: true,
      values: {
        deployment: { replicas: 2, terminationGracePeriodSeconds: 60 },
        podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
        ingressClass: { enabled: false },
        providers: {
          kubernetesCRD: { enabled: false },
          kubernetesIngress: { enabled: false },
          kubernetesIngressNGINX: {
            enabled: true,
            ingressClass: config.ingressClassName,
            controllerClass: nginxControllerClass,
            publishService: { enabled: true },
          },
        },
      },
    },
    { ...opts, dependsOn: [ingressClass] },
  );
}

function ingressNginx(
  name: string,
  config: NginxConfig,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Resource {
  return new IngressController(
    name,
    {
      controller: {
        replicaCount: 2,
        ingressClassResource: { name: config.ingressClassName },
        // A reload keeps the old workers for their sockets this long; the chart's 240 s cuts them all.
        // A controller pod that goes still ends after the chart's 300 s: the component has no key for that.
        config: { "worker-shutdown-timeout": `${config.timeoutSeconds}s` },
      },
      helmOptions: {
        ...charts.ingressNginx,
        name: "ingress-nginx",
        namespace: controllerNamespaces["ingress-nginx"],
        createNamespace: true,
        skipAwait: true,
      },
    },
    opts,
  );
}
