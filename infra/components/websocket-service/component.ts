import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../annotations";
import { workloadLabels } from "../../labels";
import { defaultClientIpTimeoutSeconds } from "../../timing";
import type { Protocol } from "../../protocol";
import { createAutoscaler } from "../autoscaler";
import type { EdgeBackend } from "../edge/edge";
import { checkArgs } from "../check-args";
import { lift } from "../input";
import { checkScale, createPolicies, disruptionBudget, rolloutTimeouts, startupSecondsOf } from "../workload";
import type { WebSocketServiceArgs } from "./args";
import { serviceDrain } from "./drain";
import {
  anywhere,
  dns,
  isPods,
  toPolicyPeer,
  workloadPeer,
  type EgressRule,
  type IngressRule,
} from "./network-policies";
import { defaultPort } from "./pod";
import { webSocketServiceSchema } from "./schema";
import { defaultReplicas, deploymentSpec, ignoredFields, minReady, serviceSpec } from "./specs";

/** The default gauge of an autoscaler. */
const connectionsGauge = "websocket_connections_active";

/**
 * One WebSocket service of any image: ServiceAccount, Deployment, Service, PodDisruptionBudget, NetworkPolicies and, optionally,
 * an autoscaler. Guards against the ways in which users notice a deployment: capacity that drops during a rollout (maxUnavailable
 * 0), clients that reach another pod at each reconnect (ClientIP), pods that are cut before their clients have moved (preStop,
 * drain and grace period follow the timing constraints), node drains that take all pods at once.
 *
 * @example new WebSocketService("chat", { image: "registry.example.com/chat:1.4.0", port: 3000 });
 */
export class WebSocketService extends pulumi.ComponentResource {
  readonly service: k8s.core.v1.Service;
  readonly deployment: k8s.apps.v1.Deployment;
  /** The name of the Service, the Deployment and all other objects. */
  readonly serviceName: string;
  /** The namespace of the Service and the Deployment. */
  readonly namespace: pulumi.Output<string>;
  /** Where clients inside the cluster connect: `ws://NAME.NAMESPACE.svc:PORT`. */
  readonly url: pulumi.Output<string>;
  /** The protocol of the service. */
  readonly protocol: Protocol;
  /** What an edge routes to. */
  readonly backend: EdgeBackend;
  /** The grace period of its pods: the longest time from their deletion to their end. Seconds. */
  readonly gracePeriodSeconds: pulumi.Output<number>;

  constructor(name: string, args: WebSocketServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    // A store may be a resource, and policy packs cannot read a resource among a component's inputs.
    const { sessionStore: store } = args;
    const plainStore = store && { url: store.url, egress: store.egress };
    super("holdfast:index:WebSocketService", name, { ...args, sessionStore: plainStore }, opts);
    const valid = checkArgs(`WebSocketService ${name}`, webSocketServiceSchema, {
      serviceName: name,
      ...args,
    });
    const { serviceName: workload = name, namespace = "default" } = valid;
    const port = valid.port ?? defaultPort;
    const child = { parent: this };
    const metadata = { name: workload, namespace, labels: workloadLabels(workload, "websocket-service") };
    const drain = serviceDrain(`WebSocketService ${name}`, valid);

    checkScale(`WebSocketService ${name}`, args);

    const dependsOn: pulumi.Resource[] = [];
    if (args.serviceAccountName === undefined) {
      const annotations =
        args.serviceAccountAnnotations === undefined
          ? {}
          : { annotations: { ...args.serviceAccountAnnotations } };
      const account = { metadata: { ...metadata, ...annotations }, automountServiceAccountToken: false };
      dependsOn.push(new k8s.core.v1.ServiceAccount(`${name}-account`, account, child));
    }
    if (args.networkPolicies === true) {
      // Created before the pods: a pod that starts without them cannot connect to the store.
      dependsOn.push(
        ...createPolicies(
          name,
          metadata,
          { workload, ingress: ingressRules(args, port), egress: egressRules(args) },
          child,
        ),
      );
    }
    const replicas = valid.replicas ?? defaultReplicas;
    const spec = deploymentSpec(workload, { ...valid, replicas }, drain);
    this.deployment = new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      { metadata, spec },
      {
        ...child,
        dependsOn,
        customTimeouts: rolloutTimeouts(
          {
            replicas: args.autoscaling?.maxReplicas ?? replicas,
            minReadySeconds: minReady(args),
            registrationSeconds: args.registrationSeconds ?? 0,
            podStartupSeconds: startupSecondsOf(spec),
          },
          drain,
        ),
        ignoreChanges: args.autoscaling === undefined ? [] : ignoredFields,
      },
    );
    this.service = new k8s.core.v1.Service(
      `${name}-service`,
      {
        // Pulumi waits for the Deployment; the endpoints of the Service follow.
        metadata: { ...metadata, annotations: { [pulumiSkipAwait]: "true" } },
        spec: serviceSpec(workload, {
          clientIpTimeoutSeconds: valid.clientIpTimeoutSeconds ?? defaultClientIpTimeoutSeconds,
          ports: { http: port, grpc: args.grpcPort },
        }),
      },
      child,
    );
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-budget`,
      { metadata, spec: disruptionBudget(workload) },
      child,
    );
    if (args.autoscaling !== undefined) {
      createAutoscaler(
        `${name}-autoscaler`,
        { ...args.autoscaling, namespace, workload, gauge: args.autoscaling.metric ?? connectionsGauge },
        { ...child, dependsOn: this.deployment },
      );
    }

    this.serviceName = workload;
    this.namespace = this.service.metadata.namespace;
    this.protocol = args.protocol ?? "websocket";
    this.backend = {
      name: workload,
      serviceName: workload,
      path: args.path ?? "/",
      protocol: this.protocol,
      port,
      readinessProbe: args.readinessProbe,
    };
    this.gracePeriodSeconds = pulumi.output(lift([drain], ({ gracePeriodSeconds }) => gracePeriodSeconds));
    this.url = pulumi.interpolate`ws://${workload}.${namespace}.svc:${port}`;
    this.registerOutputs({ service: this.service, deployment: this.deployment, url: this.url });
  }
}

function ingressRules(args: WebSocketServiceArgs, port: pulumi.Input<number>): IngressRule[] {
  const { edgePeers = [], proxyName, grpcPort } = args;
  const pods = edgePeers.filter(isPods).map(toPolicyPeer);
  // Peers that are addresses belong to a load balancer: its clients' sockets and its own health checks come from there.
  const addresses = edgePeers.filter((peer) => !isPods(peer)).map(toPolicyPeer);
  // Edge pods keep their access when a proxy is added or removed: they use a new route only seconds after it is applied, and
  // route to the old target until then.
  const edge: IngressRule[] = [
    { from: "edge", peers: pods, ports: [port, grpcPort] },
    proxyName === undefined
      ? { from: "addresses", peers: addresses, ports: [port] }
      : { from: "proxy", peers: [workloadPeer(proxyName)], ports: [port] },
  ];
  return [
    ...edge,
    { from: "backends", peers: (args.grpcPeers ?? []).map(toPolicyPeer), ports: [grpcPort] },
    { from: "monitoring", peers: (args.monitoringPeers ?? []).map(toPolicyPeer), ports: [args.metricsPort] },
  ];
}

function egressRules({ sessionStore, egress }: WebSocketServiceArgs): EgressRule[] {
  if (egress === undefined) return [anywhere];
  return [dns, ...(sessionStore === undefined ? [] : [sessionStore.egress]), ...egress];
}
