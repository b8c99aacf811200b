import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { certManagerClusterIssuer } from "../../../annotations";
import { stackLabels, workloadLabels } from "../../../labels";
import { ports } from "../../../ports";
import type { FlatArgs } from "../../flat-args";
import { checkObjectName } from "../../names";
import { edgeArgs, type CommonEdgeArgs } from "../args";
import { socketUrls, type Edge, type EdgeArgs, type EdgeBackend } from "../edge";
import { gatewayIssues } from "./issues";
import { gatewayProperties } from "./properties";
import { gatewaySchema, type GatewayConfig } from "./schema";
import { trafficPolicy } from "./traffic-policy";

/** The class in Envoy Gateway's own guides. */
const defaultClassName = "eg";

export interface GatewayEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof gatewaySchema> {
  /** The name of the Gateway. Defaults to the resource's name. */
  readonly objectName?: string | undefined;
}

/**
 * For each service an HTTPRoute, whose session persistence is a cookie for the service's own path, with its BackendTrafficPolicy;
 * and the Gateway, unless one exists already. Guards against a route that spreads reconnects, and against Envoy's limits for
 * connections and quiet streams.
 */
export class GatewayEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, flat: GatewayEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:GatewayEdge", name, flat, opts);
    const { objectName: ownName = name, ...own } = flat;
    const where = `GatewayEdge ${name}`;
    checkObjectName(where, ownName);
    const args = edgeArgs(where, gatewaySchema, own, (found) => gatewayIssues(found.config));
    const { config, affinity, backends } = args;
    if (config.attach === undefined) {
      new k8s.apiextensions.CustomResource(`${name}-gateway`, gateway(args, ownName), { parent: this });
    }
    for (const backend of backends) {
      // The policy comes first: otherwise clients that connect in between would run into Envoy's limits.
      const policy = new k8s.apiextensions.CustomResource(
        `${name}-${backend.name}-policy`,
        trafficPolicy(args, backend),
        { parent: this },
      );
      new k8s.apiextensions.CustomResource(`${name}-${backend.name}`, route(args, backend, ownName), {
        parent: this,
        dependsOn: policy,
      });
    }
    const { scheme } = gatewayProperties(config, affinity);
    this.urls = socketUrls(backends, () => pulumi.interpolate`${scheme}://${args.host}`);
    this.registerOutputs({ urls: this.urls });
  }
}

const apiVersion = "gateway.networking.k8s.io/v1";

/** The name of the Gateway's listener that ends TLS. */
const tlsListener = "https";

function gateway(
  { config, namespace, host }: EdgeArgs<GatewayConfig>,
  ownName: string,
): k8s.apiextensions.CustomResourceArgs {
  const { tls } = config;
  return {
    apiVersion,
    kind: "Gateway",
    metadata: {
      name: ownName,
      namespace,
      labels: { ...stackLabels },
      ...(tls?.clusterIssuer === undefined
        ? {}
        : { annotations: { [certManagerClusterIssuer]: tls.clusterIssuer } }),
    },
    spec: {
      gatewayClassName: config.className ?? defaultClassName,
      listeners: listeners(config, host),
    },
  };
}

/**
 * With an issuer, port 80 is open too: the CA of an HTTP-01 challenge asks there, and cert-manager adds a route for its answer.
 * https://cert-manager.io/docs/configuration/acme/http01/#configuring-the-http-01-gateway-api-solver
 */
function listeners({ tls }: GatewayConfig, hostname: pulumi.Input<string>): object[] {
  const common = { hostname, allowedRoutes: { namespaces: { from: "Same" } } };
  const http = { ...common, name: "http", port: 80, protocol: "HTTP" };
  if (tls === undefined) return [http];
  const https = {
    ...common,
    name: tlsListener,
    port: 443,
    protocol: "HTTPS",
    tls: { mode: "Terminate", certificateRefs: [{ name: tls.secretName }] },
  };
  return tls.clusterIssuer === undefined ? [https] : [https, http];
}

/** The listener of a service's route. With an issuer there are two, and a service is never served in plain text. */
function parentOf({ attach, tls }: GatewayConfig, ownGateway: string): object {
  if (attach !== undefined) return attach;
  return tls?.clusterIssuer === undefined
    ? { name: ownGateway }
    : { name: ownGateway, sectionName: tlsListener };
}

function route(
  { config, affinity, namespace, host }: EdgeArgs<GatewayConfig>,
  { name, serviceName, path, port = ports.http }: EdgeBackend,
  ownGateway: string,
): k8s.apiextensions.CustomResourceArgs {
  return {
    apiVersion,
    kind: "HTTPRoute",
    metadata: { name, namespace, labels: workloadLabels(name, "websocket-service") },
    spec: {
      parentRefs: [parentOf(config, ownGateway)],
      hostnames: [host],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: path } }],
          backendRefs: [{ name: serviceName, port }],
          // The form of Gateway API 1.6; from 1.7 on it is cookie: { name, lifetimeType }.
          sessionPersistence: {
            type: "Cookie",
            sessionName: affinity.cookieName,
            absoluteTimeout: gatewayDuration(affinity.cookieMaxAgeSeconds),
            cookieConfig: { lifetimeType: "Permanent" },
          },
          // No limit, because the response to an upgrade lasts as long as its socket.
          timeouts: { request: "0s" },
        },
      ],
    },
  };
}

/** GEP-2257 allows at most five digits for each unit. */
export function gatewayDuration(seconds: number): string {
  const parts = { h: Math.floor(seconds / 3_600), m: Math.floor((seconds % 3_600) / 60), s: seconds % 60 };
  return Object.entries(parts)
    .filter(([, value]) => value > 0)
    .map(([unit, value]) => `${value}${unit}`)
    .join("");
}
