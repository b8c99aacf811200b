import type * as pulumi from "@pulumi/pulumi";
import { ConnectionProxy } from "../components/connection-proxy";
import { proxyName } from "../components/connection-proxy/names";
import { allowDeletionCost } from "../components/deletion-cost/deletion-cost";
import type { EdgeBackend } from "../components/edge/edge";
import { ExistingService } from "../components/existing-service";
import { WebSocketService, type WebSocketServiceArgs } from "../components/websocket-service";
import type { ServiceConfig } from "../config";
import { holdfastApplication } from "../presets/holdfast-application";
import { proxyArgs } from "./proxy-args";
import { existingServiceArgs, serviceArgs } from "./service-args";
import type { StackContext } from "./stack-context";

/** Creates a service, and its connection proxy if it has one. Returns the backend for the edge. */
export function createService(
  service: ServiceConfig,
  context: StackContext,
): { backend: EdgeBackend; resources: pulumi.Resource[] } {
  const { config, store } = context;
  if (service.existing !== undefined) {
    const args = existingServiceArgs(service, service.existing);
    const { clientIpTimeoutSeconds } = config.affinity;
    const adopted = new ExistingService(service.name, {
      ...args,
      namespace: context.namespace,
      clientIpTimeoutSeconds,
    });
    return { backend: adopted.backend, resources: [adopted] };
  }
  const args = serviceArgs(service);
  const created = new WebSocketService(
    service.name,
    {
      ...args,
      ...(service.isApplication ? application(service, args.egress, context) : {}),
      ...networkArgs(service, context),
    },
    // A pod is not ready without its store, so the store is created first.
    { dependsOn: store === undefined ? [] : [store] },
  );
  if (service.isApplication && config.sockets.deletionCost) {
    const { name, serviceAccount } = service;
    const account = { workload: name, serviceAccountName: serviceAccount?.name ?? name };
    allowDeletionCost(name, { ...account, namespace: context.namespace }, created);
  }
  if (service.connectionProxy === undefined) return { backend: created.backend, resources: [created] };
  const proxy = new ConnectionProxy(
    proxyName(service.name),
    proxyArgs(created, service.connectionProxy, context, config),
  );
  return { backend: proxy.backend, resources: [created, proxy] };
}

function application(
  service: ServiceConfig,
  egress: WebSocketServiceArgs["egress"],
  { config, store, secrets }: StackContext,
) {
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
  return {
    ...preset,
    env: { ...preset.env, ...service.env },
    egress: [...preset.egress, ...(egress ?? [])],
  };
}

/** The namespace of a service, the peers that may connect to it, and the peers that it may connect to. */
function networkArgs(service: ServiceConfig, { config, namespace, store }: StackContext) {
  const { network, properties } = config;
  return {
    namespace,
    registrationSeconds: properties.registrationSeconds,
    isLoadBalancerTarget: properties.podsAreTargets && service.connectionProxy === undefined,
    clientIpTimeoutSeconds: config.affinity.clientIpTimeoutSeconds,
    networkPolicies: config.networkPolicies,
    edgePeers: network.edge ?? properties.ingressSources,
    proxyName: service.connectionProxy && proxyName(service.name),
    monitoringPeers: network.monitoring,
    grpcPeers: network.backends,
    ...(service.sessionStore === undefined ? {} : { sessionStore: store }),
  };
}
