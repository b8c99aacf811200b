import * as pulumi from "@pulumi/pulumi";
import { proxyName } from "../components/connection-proxy/names";
import { createEdge } from "../components/edge";
import { createMonitoring } from "../components/monitoring";
import { StackNamespace, type NamespaceClients } from "../components/namespace/component";
import { createSessionStore } from "../components/session-store";
import type { ServiceConfig } from "../config";
import { longestGraceSeconds } from "../config/checks";
import { ports } from "../ports";
import { applicationSecrets } from "./application-secrets";
import { createService } from "./create-service";
import type { ProgramConfig } from "./load-config";
import type { StackContext } from "./stack-context";

/** The stack's outputs: what a person needs after `pulumi up`. */
export interface Outputs {
  /** The URLs for clients, by service. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly namespace: pulumi.Output<string>;
  /** Commands that watch a rollout, by service. */
  readonly watchRollout: Readonly<Record<string, pulumi.Output<string>>>;
  /** Secret. The URL of the session store's copy in another region, if there is one. */
  readonly standbyUrl?: pulumi.Output<string>;
}

/** Creates the whole system of one stack. */
export function deploy(config: ProgramConfig): Outputs {
  const namespace = stackNamespace(config);
  const { sessionStore: storeConfig, imagePullSecrets, networkPolicies } = config;
  const store =
    storeConfig.kind === "none"
      ? undefined
      : createSessionStore("redis", {
          config: storeConfig,
          namespace,
          imagePullSecrets,
          networkPolicies,
          externalUrl: config.secrets.redisUrl,
        });
  const context: StackContext = { config, namespace, store, secrets: applicationSecrets(config, namespace) };
  const workloads = config.services.map((service) => createService(service, context));

  const edge = createEdge(
    "edge",
    {
      config: config.edge,
      affinity: config.affinity,
      namespace,
      host: config.host ?? "",
      backends: workloads.map(({ backend }) => backend),
      gracePeriodSeconds: longestGraceSeconds(config),
    },
    { dependsOn: workloads.flatMap(({ resources }) => resources) },
  );
  createMonitoring("monitoring", {
    config: config.monitoring,
    namespace,
    namespaceName: config.namespace.name,
    ...monitoredServices(config.services),
  });
  return {
    urls: edge.urls,
    namespace,
    watchRollout: watchCommands(config.services, namespace),
    ...(store?.standbyUrl === undefined ? {} : { standbyUrl: store.standbyUrl }),
  };
}

function stackNamespace(config: ProgramConfig): pulumi.Output<string> {
  const { namespace, network, networkPolicies, properties } = config;
  if (!namespace.create) return pulumi.output(namespace.name);
  return new StackNamespace("holdfast", {
    name: namespace.name,
    podSecurity: namespace.podSecurity,
    defaultDeny: networkPolicies,
    clients: namespaceClients(config),
    challengePeers: properties.usesCertManager ? (network.edge ?? properties.ingressSources) : undefined,
    labels: properties.namespaceLabels,
  }).name;
}

/** The pods of the namespace that the configuration allows, and the workloads to which they connect. */
function namespaceClients({ network, services }: ProgramConfig): NamespaceClients[] {
  const to = services.map(({ name, connectionProxy, ports: own }) =>
    connectionProxy === undefined
      ? { workload: name, port: own?.http ?? ports.http }
      : { workload: proxyName(name), port: ports.http },
  );
  return (network.edge ?? []).flatMap((peer) =>
    "sameNamespace" in peer ? [{ podLabels: peer.podLabels, to }] : [],
  );
}

/** The services that export Holdfast's metrics, and the others that export metrics. The PodMonitor selects no existing pods. */
function monitoredServices(services: readonly ServiceConfig[]) {
  const others = services.filter(
    ({ isApplication, existing, ports: own }) =>
      !isApplication && existing === undefined && own?.metrics !== undefined,
  );
  return {
    services: services.filter(({ isApplication }) => isApplication).map(({ name }) => name),
    otherServices: others.map(({ name }) => name),
  };
}

function watchCommands(services: readonly ServiceConfig[], namespace: pulumi.Input<string>) {
  return Object.fromEntries(
    services.map(({ name, existing }) => [
      name,
      pulumi.interpolate`kubectl --namespace ${namespace} rollout status deployment/${existing?.deployment ?? name} --watch`,
    ]),
  );
}
