import * as k8s from "@pulumi/kubernetes";
import { IngressController } from "@pulumi/kubernetes-ingress-nginx";
import * as pulumi from "@pulumi/pulumi";
import { stackLabels } from "../../../labels";
import type { NginxConfig } from "../nginx/schema";
import { controllerGraceSeconds, controllerNamespaces, type ControllerLoadBalancer } from "./properties";

/** The chart versions to install; docs/decisions/0015-edge-controller.md gives the reasons. */
const charts = {
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

/**
 * How long a controller's pod accepts new connections after its deletion, if no Holdfast load balancer is in front of it. The
 * nodes, and a cloud's load balancer by its health checks, learn of its end in that time. Both controllers have 0 by default, and
 * would refuse connections meanwhile. Seconds.
 */
const defaultPropagationSeconds = 10;

/** Installs the configured controller; undefined if it already runs. */
export function createController(
  name: string,
  config: NginxConfig,
  loadBalancer: ControllerLoadBalancer | undefined,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Resource | undefined {
  switch (config.controller) {
    case "none":
      return undefined;
    case "traefik":
      return traefik(`${name}-traefik`, config, loadBalancer, opts);
    case "ingress-nginx":
      return ingressNginx(`${name}-ingress-nginx`, config, loadBalancer, opts);
  }
}

/** Creates the namespace with the load balancer's labels, which Helm cannot set. Without a load balancer, Helm creates it. */
function controllerNamespace(
  name: string,
  namespace: string,
  loadBalancer: ControllerLoadBalancer | undefined,
  opts: pulumi.CustomResourceOptions,
): { dependsOn: pulumi.Resource[]; createNamespace: boolean } {
  if (loadBalancer === undefined) return { dependsOn: [], createNamespace: true };
  const metadata = { name: namespace, labels: { ...stackLabels, ...loadBalancer.namespaceLabels } };
  const created = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata }, opts);
  return { dependsOn: [created], createNamespace: false };
}

/** The controller name in the IngressClass, by which ingress-nginx annotations are read. */
const nginxControllerClass = "k8s.io/ingress-nginx";

function traefik(
  name: string,
  config: NginxConfig,
  loadBalancer: ControllerLoadBalancer | undefined,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const namespace = controllerNamespaces.traefik;
  // The class of Traefik's chart names Traefik as its controller, but its provider looks for ingress-nginx.
  const ingressClass = new k8s.networking.v1.IngressClass(
    `${name}-class`,
    { metadata: { name: config.ingressClassName }, spec: { controller: nginxControllerClass } },
    opts,
  );
  const { dependsOn, createNamespace } = controllerNamespace(name, namespace, loadBalancer, opts);
  return new k8s.helm.v3.Release(
    name,
    {
      ...charts.traefik,
      name: "traefik",
      namespace,
      createNamespace,
      // A local cluster assigns no address to the load balancer, and Helm would wait for it.
      skipAwait: true,
      values: {
        deployment: {
          replicas: 2,
          terminationGracePeriodSeconds:
            loadBalancer === undefined ? 60 : controllerGraceSeconds(loadBalancer),
        },
        podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
        ingressClass: { enabled: false },
        providers: {
          kubernetesCRD: { enabled: false },
          kubernetesIngress: { enabled: false },
          kubernetesIngressNGINX: {
            enabled: true,
            ingressClass: config.ingressClassName,
            controllerClass: nginxControllerClass,
            publishService: {
              enabled: true,
              ...(loadBalancer === undefined
                ? {}
                : { pathOverride: `${namespace}/${loadBalancer.serviceName}` }),
            },
          },
        },
        ports: traefikPorts(loadBalancer?.propagationSeconds ?? defaultPropagationSeconds),
        ...(loadBalancer === undefined ? {} : traefikBehindLoadBalancer),
      },
    },
    { ...opts, dependsOn: [ingressClass, ...dependsOn] },
  );
}

/** A pod that ends accepts new connections for as long as a router may still send some. */
function traefikPorts(propagationSeconds: number) {
  const transport = { lifeCycle: { requestAcceptGraceTimeout: `${propagationSeconds}s` } };
  return { web: { transport }, websecure: { transport } };
}

/** The load balancer in front of it does the balancing. */
const traefikBehindLoadBalancer = {
  // With the chart's 1, a single missed probe would remove a target for minutes; ingress-nginx's chart has 3.
  readinessProbe: { failureThreshold: 3 },
  service: { spec: { type: "ClusterIP" } },
};

function ingressNginx(
  name: string,
  config: NginxConfig,
  loadBalancer: ControllerLoadBalancer | undefined,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Resource {
  const namespace = controllerNamespaces["ingress-nginx"];
  const { dependsOn, createNamespace } = controllerNamespace(name, namespace, loadBalancer, opts);
  return new IngressController(
    name,
    {
      controller: {
        replicaCount: 2,
        ingressClassResource: { name: config.ingressClassName },
        // A reload keeps the old workers, with their sockets, for this long; the chart's 240 s would cut all sockets. A
        // controller pod that is deleted still ends after the chart's 300 s: the component has no key for that.
        config: { "worker-shutdown-timeout": `${config.timeoutSeconds}s` },
        extraArgs: {
          "shutdown-grace-period": String(loadBalancer?.propagationSeconds ?? defaultPropagationSeconds),
        },
        ...(loadBalancer === undefined ? {} : ingressNginxBehindLoadBalancer(namespace, loadBalancer)),
      },
      helmOptions: {
        ...charts.ingressNginx,
        name: "ingress-nginx",
        namespace,
        createNamespace,
        skipAwait: true,
      },
    },
    { ...opts, dependsOn },
  );
}

/** The load balancer in front of it does the balancing. */
function ingressNginxBehindLoadBalancer(namespace: string, { serviceName }: ControllerLoadBalancer) {
  return {
    service: { type: "ClusterIP" },
    publishService: { pathOverride: `${namespace}/${serviceName}` },
  };
}
