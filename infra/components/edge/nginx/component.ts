import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { certManagerClusterIssuer, nginx, pulumiSkipAwait } from "../../../annotations";
import type { AffinityConfig } from "../../../config/affinity";
import { workloadLabels } from "../../../labels";
import type { FlatArgs } from "../../flat-args";
import { edgeArgs, type CommonEdgeArgs } from "../args";
import { createController } from "../controller/install";
import type { ControllerLoadBalancer } from "../controller/properties";
import { ingressPort, socketUrls, type Edge, type EdgeArgs, type EdgeBackend } from "../edge";
import { nginxProperties } from "./properties";
import { nginxSchema, type NginxConfig } from "./schema";

export interface NginxEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof nginxSchema> {
  /** The load balancer in front of the controller. Without it, the controller's chart creates one. */
  readonly loadBalancer?: ControllerLoadBalancer | undefined;
}

/**
 * An Ingress for each service, with its own cookie path, for any controller that reads ingress-nginx's annotations, and
 * optionally that controller. Guards against the ways in which affinity is lost at an L7 edge: cookies that overwrite each other,
 * cookies that outlive their pod, idle timeouts of a minute.
 *
 * @example new NginxEdge("edge", { host: "api.example.com", backends: [chat.backend], controller: "traefik" });
 */
export class NginxEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, flat: NginxEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:NginxEdge", name, flat, opts);
    const { loadBalancer, ...own } = flat;
    const args = edgeArgs(`NginxEdge ${name}`, nginxSchema, own);
    const controller = createController(name, args.config, loadBalancer, { parent: this });
    const dependsOn = controller === undefined ? [] : [controller];
    args.backends.forEach((backend, index) => {
      new k8s.networking.v1.Ingress(`${name}-${backend.name}`, ingress(args, backend, index === 0), {
        parent: this,
        dependsOn,
      });
    });
    const { scheme } = nginxProperties(args.config, args.affinity);
    this.urls = socketUrls(args.backends, () => pulumi.interpolate`${scheme}://${args.host}`);
    this.registerOutputs({ urls: this.urls });
  }
}

/** @param first Only one Ingress requests the certificate that all share; otherwise cert-manager sees several owners. */
function ingress(
  { config, affinity, namespace, host }: EdgeArgs<NginxConfig>,
  backend: EdgeBackend,
  first: boolean,
): k8s.networking.v1.IngressArgs {
  const { tls } = config;
  const issuer = first ? tls?.clusterIssuer : undefined;
  return {
    metadata: {
      name: pulumi.interpolate`${namespace}-ingress-${backend.name}`,
      namespace,
      labels: workloadLabels(backend.name, "websocket-service"),
      annotations: {
        ...cookieAnnotations(affinity, backend.path),
        [nginx.proxyReadTimeout]: String(config.timeoutSeconds),
        [nginx.proxySendTimeout]: String(config.timeoutSeconds),
        ...(issuer === undefined ? {} : { [certManagerClusterIssuer]: issuer }),
        // A local cluster assigns no address to an Ingress; waiting for one would take ten minutes and fail.
        [pulumiSkipAwait]: "true",
      },
    },
    spec: {
      ingressClassName: config.ingressClassName,
      ...(tls === undefined ? {} : { tls: [{ hosts: [host], secretName: tls.secretName }] }),
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: backend.path,
                pathType: "Prefix",
                backend: { service: { name: backend.serviceName, port: ingressPort(backend) } },
              },
            ],
          },
        },
      ],
    },
  };
}

function cookieAnnotations(affinity: AffinityConfig, path: string): Record<string, string> {
  return {
    [nginx.affinity]: "cookie",
    // The mode `balanced` would move clients when the Deployment is scaled.
    [nginx.affinityMode]: "persistent",
    [nginx.cookieName]: affinity.cookieName,
    [nginx.cookiePath]: path,
    // Only Max-Age: every browser reads it, and prefers it to Expires. Traefik versions before its fix of August 2026 compute
    // Expires once, when they read the Ingress, so a day later it is in the past.
    [nginx.cookieMaxAge]: String(affinity.cookieMaxAgeSeconds),
    [nginx.cookieSecure]: String(affinity.cookieSecure),
    [nginx.cookieSameSite]: affinity.cookieSameSite,
    // Without it, nginx tries the pod in the cookie three times and answers 502 if the pod is dead but still an endpoint. A
    // change of this annotation alone takes effect at the next change of the endpoints.
    [nginx.cookieChangeOnFailure]: "true",
  };
}
