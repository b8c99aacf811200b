import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { awsLoadBalancerClass, awsService, externalDnsHostname, pulumiSkipAwait } from "../../../annotations";
import { issue, type ConfigIssue } from "../../../config/issue";
import { selectorLabels, stackLabels, workloadLabels } from "../../../labels";
import type { AffinityConfig } from "../../../config/affinity";
import type { NamedSeconds } from "../../../timing";
import { bool, object, enumOf, int } from "../../../config/values";
import type { FlatArgs, WithInputs } from "../../flat-args";
import { edgeArgs, flatEdgeArgs, type CommonEdgeArgs } from "../args";
import { annotationIssues } from "../aws/annotation-issues";
import * as aws from "../aws/load-balancer";
import {
  controllerGraceSeconds,
  controllerNamespaces,
  controllerPods,
  type ControllerLoadBalancer,
} from "../controller/install";
import {
  serviceHost,
  socketUrls,
  type Edge,
  type EdgeArgs,
  type EdgeBackend,
  type EdgeContext,
  type EdgeProperties,
} from "../edge";
import { NginxEdge, nginxProperties } from "../nginx/component";
import { nginxKeys } from "../nginx/schema";

/** The nginx edge behind the load balancer. The program installs its controller: one that runs already has its own. */
const nginxBehind = object({
  ...nginxKeys,
  /** Which controller the stack installs. */
  controller: enumOf("traefik", "ingress-nginx").default("traefik"),
});

export const nlbSchema = object({
  kind: z.literal("nlb"),
  /**
   * Where connections go. `nginx`: to the controller of an nginx edge behind it, which keeps clients on their pods by
   * a cookie and knows at once of a pod that ends. `pods`: to the pods themselves, one load balancer a service; a pod
   * then waits two minutes at its end, until the load balancer has heard of it.
   */
  targets: enumOf("nginx", "pods").default("nginx"),
  /** With targets nginx alone. */
  nginx: nginxBehind.optional(),
  scheme: aws.scheme,
  /** Ends TLS at the load balancer. Without it, bytes pass as they are, and TLS may end behind it. */
  certificateArn: aws.certificateArn.optional(),
  tlsPolicy: aws.tlsPolicy,
  /**
   * How it chooses a target for a client that comes again: always the same one for an address, or by the connection.
   * Unless given, `source_ip` for pods and `none` for nginx, whose cookie does it. Not with a certificate: AWS has no
   * sticky sessions for TLS listeners. Lost whenever a target comes or goes, so with each rollout.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
   */
  stickiness: enumOf("source_ip", "none").optional(),
  /**
   * Silence after which a connection is forgotten. Seconds; AWS allows 60–6000 and has 350 unless told. 3600 unless
   * given; a TLS listener's is 350 and cannot be changed.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
   */
  idleTimeoutSeconds: int(60, 6_000).optional(),
  /** Whether each zone's address reaches the targets of all zones; AWS charges traffic between zones. */
  crossZone: bool.default(true),
  propagationSeconds: aws.propagationSeconds,
  clientCidrs: aws.clientCidrs,
  subnetCidrs: aws.subnetCidrs,
  securityGroups: aws.securityGroups,
  loadBalancerAttributes: aws.loadBalancerAttributes,
  annotations: aws.annotations,
});

export type NlbConfig = z.infer<typeof nlbSchema>;

/** The key that may come from another resource. */
type FromResources = "certificateArn";
type NlbValues = WithInputs<NlbConfig, FromResources>;

/** Of a TLS listener, which has no attribute for it. */
const tlsIdleTimeout: NamedSeconds = { path: "the idle timeout of an NLB's TLS listener", seconds: 350 };

const usualIdleTimeoutSeconds = 3_600;

/** The nginx edge behind the load balancer, as a configuration of its own; the defaults where it is not given. */
function controllerEdge({ nginx }: NlbValues) {
  return { kind: "nginx" as const, ...(nginx ?? nginxBehind.parse({})) };
}

/** In seconds, the time that a silent connection has, and what sets it. */
function idleTimeout({ certificateArn, idleTimeoutSeconds }: NlbValues): NamedSeconds {
  if (certificateArn !== undefined) return tlsIdleTimeout;
  return { path: "edge.idleTimeoutSeconds", seconds: idleTimeoutSeconds ?? usualIdleTimeoutSeconds };
}

function stickiness({ stickiness: said, targets }: NlbValues): "source_ip" | "none" {
  return said ?? (targets === "pods" ? "source_ip" : "none");
}

export function nlbProperties(config: NlbValues, affinity: AffinityConfig): EdgeProperties {
  const certificate = config.certificateArn === undefined ? undefined : "edge.certificateArn";
  const idleTimeouts = [idleTimeout(config)];
  if (config.targets === "nginx") {
    const nginx = nginxProperties(controllerEdge(config), affinity);
    return {
      ...nginx,
      tls: certificate ?? (nginx.tls === undefined ? undefined : "edge.nginx.tls"),
      idleTimeouts: [
        ...idleTimeouts,
        ...nginx.idleTimeouts.map(({ seconds }) => ({ path: "edge.nginx.timeoutSeconds", seconds })),
      ],
    };
  }
  return {
    scheme: certificate === undefined ? "ws" : "wss",
    tls: certificate,
    cookie: () => undefined,
    hostPerService: true,
    podsAreTargets: true,
    idleTimeouts,
    propagationSeconds: config.propagationSeconds,
    registrationSeconds: aws.registrationSeconds,
    namespaceLabels: aws.readinessGateLabels,
    // Client addresses are preserved; health checks come from the load balancer's own.
    ingressSources: [
      ...new Set([...aws.clients(config, awsService.ipAddressType), ...config.subnetCidrs]),
    ].map((cidr) => ({ cidr })),
  };
}

/** What of the configuration cannot be, besides the timing constraints. */
export function nlbIssues(
  config: NlbValues,
  { gracePeriodSeconds, services }: Pick<EdgeContext, "gracePeriodSeconds" | "services">,
): ConfigIssue[] {
  const toPods = config.targets === "pods";
  return [
    ...(toPods ? podIssues(config, gracePeriodSeconds, services) : []),
    ...certificateIssues(config),
    ...aws.plainTextIssues(
      config.scheme,
      config.certificateArn ?? config.nginx?.tls?.secretName,
      toPods ? "edge.certificateArn" : "edge.nginx.tls or edge.certificateArn",
    ),
    ...aws.clientIssues(config, awsService.ipAddressType),
    ...annotationIssues(config.annotations),
  ];
}

function podIssues(
  config: NlbValues,
  gracePeriodSeconds: number,
  services: readonly string[],
): ConfigIssue[] {
  const issues = aws.deregistrationIssues(gracePeriodSeconds);
  if (config.nginx !== undefined) {
    issues.push(issue("edge.nginx", "an object", "nothing, since edge.targets is pods"));
  }
  services.forEach((name, index) => {
    if (services.some((other) => name === balancerName(other))) {
      issues.push(issue(`services[${index}].name`, name, "a name that no load balancer's Service has"));
    }
    if (balancerName(name).length > 63) {
      issues.push(
        issue(
          `services[${index}].name`,
          name,
          "at most 59 characters: the load balancer's Service adds -nlb",
        ),
      );
    }
  });
  return issues;
}

function certificateIssues(config: NlbValues): ConfigIssue[] {
  if (config.certificateArn === undefined) return [];
  const issues: ConfigIssue[] = [];
  if (stickiness(config) === "source_ip") {
    const expected = "none: with edge.certificateArn, since AWS has no sticky sessions for TLS listeners";
    issues.push(issue("edge.stickiness", config.stickiness ?? "source_ip (the default for pods)", expected));
  }
  if (config.idleTimeoutSeconds !== undefined) {
    const expected = `nothing: with edge.certificateArn it is ${tlsIdleTimeout.seconds} s and cannot be changed`;
    issues.push(issue("edge.idleTimeoutSeconds", config.idleTimeoutSeconds, expected));
  }
  if (config.nginx?.tls !== undefined) {
    issues.push(
      issue("edge.nginx.tls", "an object", "nothing: with edge.certificateArn, TLS ends before it"),
    );
  }
  return issues;
}

export interface NlbEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof nlbSchema, FromResources> {}

/**
 * A LoadBalancer Service that the AWS Load Balancer Controller makes an NLB of: one before the controller of an nginx
 * edge, or one for each service's pods; the services' own Services stay as they are. Guards against what an NLB does
 * unasked: hiding client addresses, forgetting a quiet connection after 350 s, cutting the sockets of a pod that drains
 * because it is not ready any more, or before the pod has told its clients.
 *
 * With targets pods, give each service `preStopSeconds: 120` and `isLoadBalancerTarget: true`.
 *
 * @example new NlbEdge("edge", { host: "api.example.com", backends: [chat.backend], certificateArn });
 */
export class NlbEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, flat: NlbEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:NlbEdge", name, flat, opts);
    const args = edgeArgs<typeof nlbSchema, FromResources>(`NlbEdge ${name}`, nlbSchema, flat, (found) =>
      nlbIssues(found.config, { ...found, services: found.backends.map((backend) => backend.name) }),
    );
    const { config, backends } = args;
    if (config.targets === "pods") {
      for (const backend of backends) {
        new k8s.core.v1.Service(`${name}-${backend.name}`, podBalancer(args, backend), { parent: this });
      }
      const { scheme } = nlbProperties(config, args.affinity);
      this.urls = socketUrls(
        backends,
        (backend) => pulumi.interpolate`${scheme}://${serviceHost(args, backend.name)}`,
      );
    } else {
      // Beside this component and of the same name as without a load balancer, so that one can be put before an edge
      // that runs already.
      const nginx = new NginxEdge(
        name,
        {
          ...flatEdgeArgs({ ...args, config: controllerEdge(config) }),
          loadBalancer: controllerLoadBalancer(config),
        },
        opts,
      );
      new k8s.core.v1.Service(`${name}-nlb`, controllerBalancer(args), { parent: this, dependsOn: [nginx] });
      this.urls = nginx.urls;
    }
    this.registerOutputs({ urls: this.urls });
  }
}

function controllerLoadBalancer(config: NlbValues): ControllerLoadBalancer {
  return {
    serviceName: balancerName(controllerEdge(config).controller),
    namespaceLabels: aws.readinessGateLabels,
    propagationSeconds: config.propagationSeconds,
  };
}

/** Beside the Service that the load balancer's targets have already. */
function balancerName(service: string): string {
  return `${service}-nlb`;
}

function podBalancer(args: EdgeArgs<NlbValues>, backend: EdgeBackend): k8s.core.v1.ServiceArgs {
  const { name, serviceName } = backend;
  const { certificateArn } = args.config;
  return balancer({
    config: args.config,
    metadata: {
      name: balancerName(name),
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

function controllerBalancer({ config, host }: EdgeArgs<NlbValues>): k8s.core.v1.ServiceArgs {
  const { controller } = controllerEdge(config);
  const { labels, ports: target, health } = controllerPods[controller];
  return balancer({
    config,
    metadata: {
      name: balancerName(controller),
      namespace: controllerNamespaces[controller],
      labels: { ...stackLabels },
    },
    host,
    selector: labels,
    listeners:
      config.certificateArn === undefined
        ? // Port 80 redirects, and is where cert-manager's challenges come.
          [
            { port: 80, target: target.http },
            { port: 443, target: target.https },
          ]
        : [{ port: 443, target: target.http }],
    health,
    deregistrationSeconds: controllerGraceSeconds(config),
  });
}

interface Balancer {
  readonly config: NlbValues;
  readonly metadata: {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly labels: Record<string, string>;
  };
  /** That clients ask the DNS for. */
  readonly host: pulumi.Input<string>;
  /** Of the pods that are its targets. */
  readonly selector: Record<string, string>;
  /** Each with the name of the pods' port. */
  readonly listeners: readonly { readonly port: number; readonly target: string }[];
  /** Where a target says whether it is ready. */
  readonly health: aws.HealthTarget;
  /** How long a target may go on with what it has. */
  readonly deregistrationSeconds: number;
}

function balancer({ config, metadata, selector, listeners, ...rest }: Balancer): k8s.core.v1.ServiceArgs {
  const clients = aws.securityGroupClients(config, awsService.ipAddressType);
  return {
    metadata: {
      ...metadata,
      annotations: balancerAnnotations({ config, metadata, selector, listeners, ...rest }),
    },
    spec: {
      type: "LoadBalancer",
      loadBalancerClass: awsLoadBalancerClass,
      // Targets are pods, so no node needs a port open for them.
      allocateLoadBalancerNodePorts: false,
      ...(clients === undefined ? {} : { loadBalancerSourceRanges: [...clients] }),
      // ClientIP does nothing here, and other controllers refuse it: whoever balances keeps clients, see stickiness.
      sessionAffinity: "None",
      selector,
      ports: listeners.map(({ port, target }) => ({ name: target, port, targetPort: target })),
    },
  };
}

function balancerAnnotations({ config, host, listeners, health, deregistrationSeconds }: Balancer) {
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
    // The address is there minutes later; nothing that the program makes needs it.
    [pulumiSkipAwait]: "true",
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html */
function targetGroup(config: NlbValues, deregistrationSeconds: number) {
  return {
    "stickiness.enabled": stickiness(config) === "source_ip",
    ...(stickiness(config) === "source_ip" ? { "stickiness.type": "source_ip" } : {}),
    // Off by default for ip targets.
    "preserve_client_ip.enabled": true,
    "deregistration_delay.timeout_seconds": deregistrationSeconds,
    // Or a client whose pod is gone would learn of it by silence alone.
    "deregistration_delay.connection_termination.enabled": true,
    // A pod that drains is not ready and keeps its sockets; AWS would cut them.
    "target_health_state.unhealthy.connection_termination.enabled": false,
    "target_health_state.unhealthy.draining_interval_seconds": deregistrationSeconds,
  };
}
