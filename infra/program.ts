import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { applicationEnvironment } from "./components/application-environment";
import { createEdge, edgeTraits } from "./components/edge";
import { ConnectionProxy } from "./components/connection-proxy";
import { proxyName } from "./components/connection-proxy-names";
import { createMonitoring } from "./components/monitoring";
import { StackNamespace } from "./components/namespace";
import { createSessionStore, type SecretKey } from "./components/session-store";
import { WebSocketService } from "./components/websocket-service";
import type { Config, ServiceConfig } from "./config";
import { stackLabels } from "./labels";

/** What a person needs after `pulumi up`. */
export interface Outputs {
  /** Where to connect, by service. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly namespace: pulumi.Output<string>;
  /** Commands that watch a rollout, by service. */
  readonly watchRollout: Readonly<Record<string, pulumi.Output<string>>>;
  /** Secret. The session store's copy in another region, where there is one. */
  readonly standbyUrl?: pulumi.Output<string>;
}

/** The whole system of one stack: its only description. */
export function deploy(config: Config): Outputs {
  const traits = edgeTraits(config.edge, config.affinity);
  const namespace = new StackNamespace("holdfast", {
    name: config.namespace,
    labels: traits.namespaceLabels,
  }).name;
  const store = createSessionStore("redis", {
    config: config.sessionStore,
    namespace,
    externalUrl: config.secrets.redisUrl,
  });
  const secrets = applicationSecrets(config, namespace);

  const callers = config.network.edge ?? traits.callers;

  const services = config.services.map(
    (service) =>
      new WebSocketService(
        service.name,
        {
          namespace,
          pod: {
            image: service.image,
            imagePullPolicy: config.imagePullPolicy,
            resources: service.resources,
            drain: config.drain,
            isTarget: traits.podsAreTargets && service.connectionProxy === undefined,
            env: applicationEnvironment({
              config,
              service,
              store,
              cookie: traits.cookie(service.path),
              ...secrets,
            }),
          },
          scale: service.scale,
          minReadySeconds: config.minReadySeconds,
          registrationSeconds: traits.registrationSeconds,
          clientIpTimeoutSeconds: config.affinity.clientIpTimeoutSeconds,
          policy: {
            edge: callers,
            connectionProxy: service.connectionProxy && proxyName(service.name),
            monitoring: config.network.monitoring,
            backends: config.network.backends,
            store: store.egress,
            jwksUrl: config.auth.kind === "jwt" ? config.auth.jwksUrl : undefined,
          },
        },
        // A pod is not ready without its store, so the store comes first.
        { dependsOn: [store] },
      ),
  );

  const proxies = config.services.flatMap(({ connectionProxy, ...service }) =>
    connectionProxy === undefined
      ? []
      : new ConnectionProxy(service.name, {
          namespace,
          pod: {
            image: config.image,
            imagePullPolicy: config.imagePullPolicy,
            resources: connectionProxy.resources,
            drain: connectionProxy.drain,
            isTarget: traits.podsAreTargets,
          },
          environment: {
            config,
            service,
            connectionProxy,
            cookie: traits.cookie(service.path),
            jwtSecret: secrets.jwtSecret,
          },
          scale: connectionProxy.scale,
          minReadySeconds: config.minReadySeconds,
          registrationSeconds: traits.registrationSeconds,
          clientIpTimeoutSeconds: config.affinity.clientIpTimeoutSeconds,
          policy: { edge: callers, monitoring: config.network.monitoring },
        }),
  );

  const edge = createEdge(
    "edge",
    {
      config: config.edge,
      affinity: config.affinity,
      namespace,
      host: config.host,
      backends: config.services.map(({ name, path, connectionProxy }) => ({
        name,
        path,
        serviceName: connectionProxy === undefined ? name : proxyName(name),
      })),
      gracePeriodSeconds: Math.max(
        config.drain.gracePeriodSeconds,
        ...config.services.map(({ connectionProxy }) => connectionProxy?.drain.gracePeriodSeconds ?? 0),
      ),
    },
    { dependsOn: [...services, ...proxies] },
  );
  createMonitoring("monitoring", {
    config: config.monitoring,
    namespace,
    namespaceName: config.namespace,
    services: config.services.map(({ name }) => name),
  });
  return {
    urls: edge.urls,
    namespace,
    watchRollout: watchCommands(config.services, namespace),
    ...(store.standbyUrl === undefined ? {} : { standbyUrl: store.standbyUrl }),
  };
}

/** Secrets that the application itself reads, in one object; none if there are none. */
function applicationSecrets(
  { secrets: { jwtSecret, publisherToken } }: Config,
  namespace: pulumi.Input<string>,
): { jwtSecret: SecretKey | undefined; publisherToken: SecretKey | undefined } {
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
    services.map(({ name }) => [
      name,
      pulumi.interpolate`kubectl --namespace ${namespace} rollout status deployment/${name} --watch`,
    ]),
  );
}
