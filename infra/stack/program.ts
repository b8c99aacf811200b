import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ConnectionProxy, type ConnectionProxyArgs } from "../components/connection-proxy";
import { proxyName } from "../components/connection-proxy/names";
import { allowDeletionCost } from "../components/deletion-cost/deletion-cost";
import { createEdge } from "../components/edge";
import type { EdgeBackend } from "../components/edge/edge";
import { ExistingService } from "../components/existing-service";
import { createMonitoring } from "../components/monitoring";
import { StackNamespace, type NamespaceClients } from "../components/namespace/component";
import { createSessionStore } from "../components/session-store";
import type { SecretKey, SessionStore } from "../components/session-store/session-store";
import { WebSocketService } from "../components/websocket-service";
import type { ServiceConfig } from "../config";
import { longestGraceSeconds } from "../config/checks";
import { stackLabels } from "../labels";
import { ports } from "../ports";
import { holdfastApplication } from "../presets/holdfast-application";
import type { ProgramConfig } from "./load-config";
import { existingServiceArgs, serviceArgs } from "./service-args";

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

/** What the services of a stack have in common. */
interface Shared {
  readonly config: ProgramConfig;
  readonly namespace: pulumi.Output<string>;
  readonly store: (SessionStore & pulumi.Resource) | undefined;
  readonly secrets: ApplicationSecrets;
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
  const shared: Shared = { config, namespace, store, secrets: applicationSecrets(config, namespace) };
  const workloads = config.services.map((service) => createService(service, shared));

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

/** Creates a service, and its connection proxy if it has one. Returns the backend for the edge. */
function createService(
  service: ServiceConfig,
  shared: Shared,
): { backend: EdgeBackend; resources: pulumi.Resource[] } {
  const { config, store } = shared;
  if (service.existing !== undefined) {
    const args = existingServiceArgs(service, service.existing);
    const { clientIpTimeoutSeconds } = config.affinity;
    const adopted = new ExistingService(service.name, {
      ...args,
      namespace: shared.namespace,
      clientIpTimeoutSeconds,
    });
    return { backend: adopted.backend, resources: [adopted] };
  }
  const created = new WebSocketService(
    service.name,
    {
      ...serviceArgs(service),
      ...(service.isApplication ? application(service, shared) : {}),
      ...surroundings(service, shared),
    },
    // A pod is not ready without its store, so the store is created first.
    { dependsOn: store === undefined ? [] : [store] },
  );
  if (service.isApplication && config.sockets.deletionCost) {
    const { name, serviceAccount } = service;
    const account = { workload: name, serviceAccountName: serviceAccount?.name ?? name };
    allowDeletionCost(name, { ...account, namespace: shared.namespace }, created);
  }
  if (service.connectionProxy === undefined) return { backend: created.backend, resources: [created] };
  const proxy = new ConnectionProxy(
    `${service.name}-proxy`,
    proxyArgs(created, service.connectionProxy, shared, config),
  );
  return { backend: proxy.backend, resources: [created, proxy] };
}

function application(service: ServiceConfig, { config, store, secrets }: Shared) {
  if (store === undefined)
    throw new Error(`${service.name} needs a session store; the configuration was checked`);
  const preset = holdfastApplication({
    config: { ...config, drain: service.drain },
    service,
    store,
    // Set for a service behind a proxy too, although the proxy answers the client, so that adding a proxy rolls no pod.
    cookie: config.properties.cookie(service.path),
    ...secrets,
  });
  return { ...preset, env: { ...preset.env, ...service.env } };
}

/** The namespace of a service, who may connect to it, and where it may connect. */
function surroundings(service: ServiceConfig, { config, namespace, store }: Shared) {
  const { network, properties } = config;
  return {
    namespace,
    registrationSeconds: properties.registrationSeconds,
    isLoadBalancerTarget: properties.podsAreTargets && service.connectionProxy === undefined,
    clientIpTimeoutSeconds: config.affinity.clientIpTimeoutSeconds,
    networkPolicies: config.networkPolicies,
    edgePeers: network.edge ?? properties.ingressSources,
    proxyName: service.connectionProxy && `${service.name}-proxy`,
    monitoringPeers: network.monitoring,
    grpcPeers: network.backends,
    ...(service.sessionStore === undefined ? {} : { sessionStore: store }),
  };
}

function proxyArgs(
  service: WebSocketService,
  proxy: NonNullable<ServiceConfig["connectionProxy"]>,
  { config, namespace, secrets }: Pick<Shared, "config" | "namespace" | "secrets">,
  { image, imagePullPolicy, imagePullSecrets, sockets, auth, network, properties }: ProgramConfig,
): ConnectionProxyArgs {
  const { scale, checkTokens } = proxy;
  return {
    service,
    namespace,
    image: image ?? "",
    imagePullPolicy,
    imagePullSecrets,
    mode: proxy.mode,
    discovery: proxy.discovery,
    ...(typeof scale === "number" ? { replicas: scale } : { autoscaling: scale }),
    resources: proxy.resources,
    nodeSelector: proxy.nodeSelector,
    tolerations: proxy.tolerations,
    holdSeconds: proxy.holdSeconds,
    preStopSeconds: proxy.drain.preStopSeconds,
    drainSeconds: proxy.drain.drainSeconds,
    preStopHook: proxy.drain.preStopHook,
    finalCloseCodes: proxy.finalCloseCodes,
    trustedHops: proxy.trustedHops,
    maxWaitingBytes: proxy.maxWaitingBytes,
    tokens: checkTokens && auth?.kind === "jwt" ? { ...auth, secret: secrets.jwtSecret } : undefined,
    allowedOrigins: config.allowedOrigins,
    pingIntervalSeconds: sockets.pingIntervalSeconds,
    maxConnections: sockets.maxConnections,
    maxPayloadBytes: sockets.maxPayloadBytes,
    logLevel: config.logLevel,
    cookie: properties.cookie(service.backend.path),
    minReadySeconds: config.minReadySeconds,
    maxSurge: config.rollout.maxSurge,
    registrationSeconds: properties.registrationSeconds,
    isLoadBalancerTarget: properties.podsAreTargets,
    clientIpTimeoutSeconds: config.affinity.clientIpTimeoutSeconds,
    networkPolicies: config.networkPolicies,
    edgePeers: network.edge ?? properties.ingressSources,
    monitoringPeers: network.monitoring,
  };
}

interface ApplicationSecrets {
  readonly jwtSecret: SecretKey | undefined;
  readonly publisherToken: SecretKey | undefined;
}

/** The secrets that the application itself reads, in one object; undefined if there are none. */
function applicationSecrets(
  { secrets: { jwtSecret, publisherToken } }: ProgramConfig,
  namespace: pulumi.Input<string>,
): ApplicationSecrets {
  if (jwtSecret === undefined && publisherToken === undefined) {
    return { jwtSecret: undefined, publisherToken: undefined };
  }
  const { name } = new k8s.core.v1.Secret(
    "application",
    {
      metadata: { namespace, labels: stackLabels },
      stringData: {
        ...(jwtSecret === undefined ? {} : { "jwt-secret": jwtSecret }),
        ...(publisherToken === undefined ? {} : { "publisher-token": publisherToken }),
      },
    },
    { replaceOnChanges: ["stringData"] },
  ).metadata;
  return {
    jwtSecret: jwtSecret && { name, key: "jwt-secret" },
    publisherToken: publisherToken && { name, key: "publisher-token" },
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
