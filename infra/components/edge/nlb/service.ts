import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { awsLoadBalancerClass, awsService, externalDnsHostname, pulumiSkipAwait } from "../../../annotations";
import { selectorLabels, stackLabels, workloadLabels } from "../../../labels";
import * as aws from "../aws/load-balancer";
import { controllerGraceSeconds, controllerNamespaces, controllerPods } from "../controller/properties";
import { serviceHost, type EdgeArgs, type EdgeBackend } from "../edge";
import { loadBalancerName, idleTimeout, stickiness } from "./properties";
import { controllerEdge, type NlbValues } from "./schema";

/** The Service from which the AWS Load Balancer Controller creates a load balancer: in front of the pods, or of a controller. */

export function podsService(args: EdgeArgs<NlbValues>, backend: EdgeBackend): k8s.core.v1.ServiceArgs {
  const { name, serviceName } = backend;
  const { certificateArn } = args.config;
  return loadBalancerService({
    config: args.config,
    metadata: {
      name: loadBalancerName(name),
      namespace: args.namespace,
      labels: workloadLabels(serviceName, "websocket-service"),
    },
    host: serviceHost(args, name),
    selector: selectorLabels(serviceName),
    listeners: [certificateArn === undefined ? { port: 80, target: "http" } : { port: 443, target: "http" }],
    health: aws.healthTarget(backend),
    deregistrationSeconds: args.gracePeriodSeconds,
  });
}

export function controllerService({ config, host }: EdgeArgs<NlbValues>): k8s.core.v1.ServiceArgs {
  const { controller } = controllerEdge(config);
  const { labels, ports: target, health } = controllerPods[controller];
  return loadBalancerService({
    config,
    metadata: {
      name: loadBalancerName(controller),
      namespace: controllerNamespaces[controller],
      labels: { ...stackLabels },
    },
    host,
    selector: labels,
    listeners:
      config.certificateArn === undefined
        ? // Port 80 redirects, and receives cert-manager's challenges.
          [
            { port: 80, target: target.http },
            { port: 443, target: target.https },
          ]
        : [{ port: 443, target: target.http }],
    health,
    deregistrationSeconds: controllerGraceSeconds(config),
  });
}

interface LoadBalancerArgs {
  readonly config: NlbValues;
  readonly metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels: Record<string, string>;
  };
  /** The host name in the DNS. */
  readonly host: pulumi.Input<string>;
  /** Selects the pods that are its targets. */
  readonly selector: Record<string, string>;
  /** The ports, each with the name of the pods' port. */
  readonly listeners: readonly { readonly port: number; readonly target: string }[];
  /** The health check of a target. */
  readonly health: aws.HealthTarget;
  /** How long a deregistered target keeps its connections. */
  readonly deregistrationSeconds: number;
}

function loadBalancerService({
  config,
  metadata,
  selector,
  listeners,
  ...rest
}: LoadBalancerArgs): k8s.core.v1.ServiceArgs {
  const clients = aws.securityGroupClients(config, awsService.ipAddressType);
  return {
    metadata: {
      ...metadata,
      annotations: loadBalancerAnnotations({ config, metadata, selector, listeners, ...rest }),
    },
    spec: {
      type: "LoadBalancer",
      loadBalancerClass: awsLoadBalancerClass,
      // The targets are pods, so no node port is needed.
      allocateLoadBalancerNodePorts: false,
      ...(clients === undefined ? {} : { loadBalancerSourceRanges: [...clients] }),
      // ClientIP has no effect here, and other controllers refuse it. The load balancer keeps clients on their targets, see
      // stickiness.
      sessionAffinity: "None",
      selector,
      ports: listeners.map(({ port, target }) => ({ name: target, port, targetPort: target })),
    },
  };
}

function loadBalancerAnnotations({
  config,
  host,
  listeners,
  health,
  deregistrationSeconds,
}: LoadBalancerArgs) {
  const { certificateArn } = config;
  return {
    ...config.annotations,
    [awsService.scheme]: config.scheme,
    [awsService.targetType]: "ip",
    [awsService.attributes]: aws.attributes({
      "load_balancing.cross_zone.enabled": config.crossZone,
      ...config.loadBalancerAttributes,
    }),
    [awsService.targetGroupAttributes]: aws.attributes(targetGroup(config, deregistrationSeconds)),
    ...(certificateArn === undefined
      ? Object.fromEntries(
          listeners.map(({ port }) => [
            awsService.listenerAttributes("TCP", port),
            aws.attributes({ "tcp.idle_timeout.seconds": idleTimeout(config).seconds }),
          ]),
        )
      : {
          [awsService.certificate]: certificateArn,
          [awsService.tlsPorts]: listeners.map(({ port }) => port).join(","),
          [awsService.tlsPolicy]: config.tlsPolicy,
        }),
    ...(config.securityGroups.length === 0
      ? {}
      : {
          [awsService.securityGroups]: config.securityGroups.join(","),
          [awsService.manageBackendRules]: "true",
        }),
    [awsService.healthCheckProtocol]: health.path === undefined ? "tcp" : "http",
    [awsService.healthCheckPort]: pulumi.interpolate`${health.port}`,
    ...(health.path === undefined ? {} : { [awsService.healthCheckPath]: health.path }),
    [awsService.healthCheckInterval]: String(aws.healthCheck.intervalSeconds),
    [awsService.healthCheckTimeout]: String(aws.healthCheck.timeoutSeconds),
    [awsService.healthyThreshold]: String(aws.healthCheck.healthyThreshold),
    [awsService.unhealthyThreshold]: String(aws.healthCheck.unhealthyThreshold),
    [externalDnsHostname]: host,
    ...aws.propagationAnnotation(config.propagationSeconds),
    // The address is known minutes later, and the program does not need it.
    [pulumiSkipAwait]: "true",
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html */
function targetGroup(config: NlbValues, deregistrationSeconds: number) {
  return {
    "stickiness.enabled": stickiness(config) === "source_ip",
    ...(stickiness(config) === "source_ip" ? { "stickiness.type": "source_ip" } : {}),
    // Off by default for targets of type ip.
    "preserve_client_ip.enabled": true,
    "deregistration_delay.timeout_seconds": deregistrationSeconds,
    // Otherwise a client whose pod is gone would notice only by the silence.
    "deregistration_delay.connection_termination.enabled": true,
    // A draining pod is not ready but keeps its sockets; AWS would cut them.
    "target_health_state.unhealthy.connection_termination.enabled": false,
    "target_health_state.unhealthy.draining_interval_seconds": deregistrationSeconds,
  };
}
