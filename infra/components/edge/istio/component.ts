import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AffinityConfig } from "../../../config/affinity";
import { stackLabels, workloadLabels } from "../../../labels";
import { ports } from "../../../ports";
import type { FlatArgs } from "../../flat-args";
import { checkObjectName } from "../../names";
import { edgeArgs, type CommonEdgeArgs } from "../args";
import { socketUrls, type Edge, type EdgeArgs, type EdgeBackend } from "../edge";
import { connectTimeout, maxRetries, retriedFailures } from "../retries";
import { istioIssues } from "./issues";
import { istioProperties } from "./properties";
import { istioSchema, type IstioConfig } from "./schema";

export interface IstioEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof istioSchema> {
  /** The name of the VirtualService and the Gateway. Defaults to the resource's name. */
  readonly objectName?: string | undefined;
}

/**
 * A VirtualService that routes to all services without a time limit, a DestinationRule for each that keeps clients on their pods
 * by a consistent hash, and the Gateway unless one exists already. Guards against Istio's least-request balancing, with which
 * each reconnect may reach another pod, and against HTTP/2 to the pods, which upgrades cannot use.
 */
export class IstioEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, flat: IstioEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:IstioEdge", name, flat, opts);
    const { objectName: ownName = name, ...own } = flat;
    const where = `IstioEdge ${name}`;
    checkObjectName(where, ownName);
    const args = edgeArgs(where, istioSchema, own, (found) => istioIssues(found.config));
    const { config, affinity, backends } = args;
    const child = { parent: this };
    if (config.gateway === undefined) {
      new k8s.apiextensions.CustomResource(`${name}-gateway`, gateway(args, ownName), child);
    }
    // The rules come first: without its rule, a route would spread clients for a moment.
    const rules = backends.map(
      (backend) =>
        new k8s.apiextensions.CustomResource(
          `${name}-${backend.name}`,
          destinationRule(args, backend),
          child,
        ),
    );
    new k8s.apiextensions.CustomResource(`${name}-routes`, virtualService(args, ownName), {
      ...child,
      dependsOn: rules,
    });
    const { scheme } = istioProperties(config, affinity);
    this.urls = socketUrls(backends, () => pulumi.interpolate`${scheme}://${args.host}`);
    this.registerOutputs({ urls: this.urls });
  }
}

const apiVersion = "networking.istio.io/v1";

function gateway(
  { config, namespace, host }: EdgeArgs<IstioConfig>,
  ownName: string,
): k8s.apiextensions.CustomResourceArgs {
  const { credentialName } = config;
  const hosts = [host];
  return {
    apiVersion,
    kind: "Gateway",
    metadata: { name: ownName, namespace, labels: { ...stackLabels } },
    spec: {
      selector: config.selector ?? { istio: "ingressgateway" },
      servers:
        credentialName === undefined
          ? [{ hosts, port: { name: "http", number: 80, protocol: "HTTP" } }]
          : [
              { hosts, port: { name: "http", number: 80, protocol: "HTTP" }, tls: { httpsRedirect: true } },
              {
                hosts,
                port: { name: "https", number: 443, protocol: "HTTPS" },
                tls: { mode: "SIMPLE", credentialName },
              },
            ],
    },
  };
}

/** One object for all services: routes of one host in several objects have no defined order. */
function virtualService(
  { config, namespace, host, backends }: EdgeArgs<IstioConfig>,
  ownName: string,
): k8s.apiextensions.CustomResourceArgs {
  const innerFirst = [...backends].sort((a, b) => b.path.length - a.path.length);
  return {
    apiVersion,
    kind: "VirtualService",
    metadata: { name: ownName, namespace, labels: { ...stackLabels } },
    spec: {
      hosts: [host],
      gateways: [config.gateway ?? ownName],
      http: innerFirst.map(({ name, serviceName, path, port = ports.http }) => ({
        name,
        match: pathMatches(path),
        // Without this field there is no timeout; Istio does not accept 0s.
        retries: {
          attempts: maxRetries,
          retryOn: retriedFailures.join(","),
          // Otherwise the hash leads each retry back to the pod that failed.
          retryIgnorePreviousHosts: true,
        },
        // Istio looks for a short name in the namespace of the object, whatever the cluster's domain.
        route: [{ destination: { host: serviceName, port: { number: port } } }],
      })),
    },
  };
}

/** Matches whole path segments: with Istio's own prefix match, /messaging would also match /messaging-old. */
function pathMatches(path: string) {
  if (path === "/") return [{ uri: { prefix: "/" } }];
  return [{ uri: { exact: path } }, { uri: { prefix: `${path}/` } }];
}

function destinationRule(
  { config, affinity, namespace }: EdgeArgs<IstioConfig>,
  { name, serviceName, path }: EdgeBackend,
): k8s.apiextensions.CustomResourceArgs {
  return {
    apiVersion,
    kind: "DestinationRule",
    metadata: { name, namespace, labels: workloadLabels(name, "websocket-service") },
    spec: {
      host: serviceName,
      trafficPolicy: {
        // The API allows either a hash or least request, and the hash keeps clients on their pods.
        loadBalancer: {
          consistentHash: config.affinity === "cookie" ? cookieHash(affinity, path) : { useSourceIp: true },
        },
        // Without these fields, there is no limit of connections and requests: Istio sets Envoy's limits to their maximum.
        connectionPool: { tcp: { connectTimeout }, http: { h2UpgradePolicy: "DO_NOT_UPGRADE" } },
      },
    },
  };
}

function cookieHash(affinity: AffinityConfig, path: string) {
  return {
    httpCookie: {
      name: affinity.cookieName,
      path,
      ttl: `${affinity.cookieMaxAgeSeconds}s`,
      attributes: [
        ...(affinity.cookieSecure ? [{ name: "Secure" }] : []),
        { name: "SameSite", value: affinity.cookieSameSite },
      ],
    },
  };
}
