import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../annotations";
import { selectorLabels, workloadLabels } from "../../labels";
import { ports } from "../../ports";
import { holdfastPod } from "../../presets/holdfast-pod";
import { defaultClientIpTimeoutSeconds, resolveDrain } from "../../timing";
import { createAutoscaler } from "../autoscaler";
import { checkArgs } from "../check-args";
import type { EdgeBackend } from "../edge/edge";
import { deploymentSpec, ignoredFields, serviceSpec } from "../websocket-service/specs";
import {
  apiServer,
  dns,
  outside,
  toPolicyPeer,
  toPods,
  type EgressRule,
} from "../websocket-service/network-policies";
import { createAccountRole } from "../account-role";
import { checkScale, createPolicies, disruptionBudget, rolloutTimeouts } from "../workload";
import type { ConnectionProxyArgs } from "./args";
import { proxyEnvironment } from "./environment";
import { podsName, proxyName } from "./names";
import { connectionProxyArgsSchema } from "./schema";

const defaultReplicas = 2;
const defaultDrainSeconds = 600;
const defaultMinReadySeconds = 10;

/** The gauge by which the proxy's autoscaler scales. */
const activeSockets = "proxy_sockets_active";

/**
 * A tier that keeps a service's clients while the service's pods change: ServiceAccount, Deployment, Service,
 * PodDisruptionBudget, NetworkPolicies, optionally an autoscaler, and the headless Service by which it finds the pods. Guards
 * against the case that drain and resume cannot handle: clients that implement neither. The proxy itself is rarely rolled out. It
 * then drains slowly, because a client notices when the proxy closes its socket.
 *
 * @example new ConnectionProxy("chat-proxy", { service: chat, image: "registry.example.com/holdfast:0.1.0" });
 */
export class ConnectionProxy extends pulumi.ComponentResource {
  readonly service: k8s.core.v1.Service;
  readonly deployment: k8s.apps.v1.Deployment;
  /** The name of the Service, the Deployment and all other objects. */
  readonly serviceName: string;
  /** What an edge routes to, instead of the service itself. */
  readonly backend: EdgeBackend;
  /** The grace period of its pods: the longest time from their deletion to their end. Seconds. */
  readonly gracePeriodSeconds: number;

  constructor(name: string, args: ConnectionProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    // `service` may be a resource, and policy packs cannot read a resource among a component's inputs.
    const { serviceName: of, namespace: serviceNamespace, podLabels, protocol, backend } = args.service;
    const service = {
      ...{ serviceName: of, namespace: serviceNamespace, protocol, backend },
      ...(podLabels === undefined ? {} : { podLabels }),
    };
    super("holdfast:index:ConnectionProxy", name, { ...args, service }, opts);
    const where = `ConnectionProxy ${name}`;
    const valid = checkArgs(where, connectionProxyArgsSchema, {
      serviceName: proxyName(of),
      ...args,
      service,
    });
    const { serviceName: workload = proxyName(of), namespace = service.namespace } = valid;
    checkScale(where, args);
    const child = { parent: this };
    const metadata = { name: workload, namespace, labels: workloadLabels(workload, "websocket-service") };
    const { preStopSeconds, drainSeconds = defaultDrainSeconds } = args;
    const drain = resolveDrain({ preStopSeconds, drainSeconds }, 0);
    const watches = args.discovery === "endpointslices";

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    const grants = watches
      ? createAccountRole(name, { metadata, serviceAccountName: workload, rules: [readEndpoints] }, child)
      : [];
    const policies =
      args.networkPolicies === true
        ? createPolicies(
            name,
            metadata,
            {
              workload,
              ingress: [
                { from: "edge", peers: (args.edgePeers ?? []).map(toPolicyPeer), ports: [ports.http] },
                {
                  from: "monitoring",
                  peers: (args.monitoringPeers ?? []).map(toPolicyPeer),
                  ports: [ports.metrics],
                },
              ],
              egress: egressRules(args),
            },
            child,
          )
        : [];
    const pods = new k8s.core.v1.Service(
      `${name}-pods`,
      {
        metadata: {
          name: podsName(of),
          namespace,
          labels: workloadLabels(of, "websocket-service"),
          annotations: { [pulumiSkipAwait]: "true" },
        },
        spec: {
          type: "ClusterIP",
          clusterIP: "None",
          selector: podLabels ?? selectorLabels(of),
          ports: [{ name: "http", port: service.backend.port ?? ports.http, targetPort: "http" }],
        },
      },
      child,
    );
    const replicas = valid.replicas ?? defaultReplicas;
    this.deployment = new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: deploymentSpec(
          workload,
          {
            ...holdfastPod(["http", "metrics", "lifecycle"], args.preStopHook ?? "http"),
            image: valid.image,
            imagePullPolicy: args.imagePullPolicy,
            imagePullSecrets: args.imagePullSecrets,
            resources: args.resources,
            nodeSelector: args.nodeSelector,
            tolerations: args.tolerations,
            replicas,
            autoscaling: args.autoscaling,
            minReadySeconds: args.minReadySeconds,
            maxSurge: args.maxSurge,
            isLoadBalancerTarget: args.isLoadBalancerTarget,
            command: ["node", "dist/proxy.js"],
            automountServiceAccountToken: watches,
            env: proxyEnvironment({
              args,
              drain,
              upstream: pulumi.interpolate`${podsName(of)}.${namespace}.svc:${service.backend.port ?? ports.http}`,
            }),
          },
          drain,
        ),
      },
      {
        ...child,
        dependsOn: [account, pods, ...policies, ...grants],
        customTimeouts: rolloutTimeouts(
          {
            replicas: args.autoscaling?.maxReplicas ?? replicas,
            minReadySeconds: args.minReadySeconds ?? defaultMinReadySeconds,
            registrationSeconds: args.registrationSeconds ?? 0,
          },
          drain,
        ),
        ignoreChanges: args.autoscaling === undefined ? [] : ignoredFields,
      },
    );
    this.service = new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { ...metadata, annotations: { [pulumiSkipAwait]: "true" } },
        spec: serviceSpec(workload, {
          clientIpTimeoutSeconds: valid.clientIpTimeoutSeconds ?? defaultClientIpTimeoutSeconds,
          ports: { http: ports.http },
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
        { ...args.autoscaling, namespace, workload, gauge: activeSockets },
        { ...child, dependsOn: this.deployment },
      );
    }
    this.serviceName = workload;
    this.gracePeriodSeconds = drain.gracePeriodSeconds;
    this.backend = {
      name: of,
      serviceName: workload,
      path: service.backend.path,
      protocol,
      port: ports.http,
      readinessProbe: holdfastPod(["http"], "http").readinessProbe,
    };
    this.registerOutputs({ service: this.service, deployment: this.deployment });
  }
}

/** The names of EndpointSlices are not known in advance, so the Role cannot list them: it allows those of the whole namespace. */
const readEndpoints = {
  apiGroups: ["discovery.k8s.io"],
  resources: ["endpointslices"],
  verbs: ["list", "watch"],
};

/**
 * A proxy may connect only to the pods of its service and, if it needs them, to the key set of its tokens and to the API server.
 */
function egressRules({ service, tokens, discovery }: ConnectionProxyArgs): EgressRule[] {
  return [
    dns,
    toPods(service.podLabels ?? selectorLabels(service.serviceName), [service.backend.port ?? ports.http]),
    ...(tokens?.jwksUrl === undefined ? [] : [outside(tokens.jwksUrl)]),
    ...(discovery === "endpointslices" ? [apiServer] : []),
  ];
}
