import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { awsIngress, pulumiSkipAwait } from "../../../annotations";
import { workloadLabels } from "../../../labels";
import type { FlatArgs } from "../../flat-args";
import { edgeArgs, type CommonEdgeArgs } from "../args";
import * as aws from "../aws/load-balancer";
import { ingressPort, serviceHost, socketUrls, type Edge, type EdgeArgs, type EdgeBackend } from "../edge";
import { albIssues } from "./issues";
import { albProperties } from "./properties";
import { albSchema, type AlbValues, type FromResources } from "./schema";

export interface AlbEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof albSchema, FromResources> {}

/**
 * An Ingress for each service, all in one group, so that the AWS Load Balancer Controller creates one ALB with a target group for
 * each service. Guards against the defaults of an ALB, which cuts a quiet socket after 60 s, and the sockets of a draining pod
 * after its own deregistration delay. Also keeps the cookies of services from overwriting each other.
 */
export class AlbEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, flat: AlbEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:AlbEdge", name, flat, opts);
    const args = edgeArgs<typeof albSchema, FromResources>(`AlbEdge ${name}`, albSchema, flat, (found) =>
      albIssues(found.config, { ...found, services: [] }),
    );
    for (const backend of args.backends) {
      new k8s.networking.v1.Ingress(`${name}-${backend.name}`, ingress(args, backend), { parent: this });
    }
    const { scheme } = albProperties(args.config);
    this.urls = socketUrls(
      args.backends,
      (backend) => pulumi.interpolate`${scheme}://${serviceHost(args, backend.name)}`,
    );
    this.registerOutputs({ urls: this.urls });
  }
}

function ingress(args: EdgeArgs<AlbValues>, backend: EdgeBackend): k8s.networking.v1.IngressArgs {
  const { config, namespace } = args;
  return {
    metadata: {
      name: pulumi.interpolate`${namespace}-ingress-${backend.name}`,
      namespace,
      labels: workloadLabels(backend.name, "websocket-service"),
      annotations: {
        ...config.annotations,
        ...balancerAnnotations(args),
        ...targetGroupAnnotations(args, backend),
        ...aws.propagationAnnotation(config.propagationSeconds),
      },
    },
    spec: {
      ingressClassName: config.ingressClassName,
      rules: [
        {
          host: serviceHost(args, backend.name),
          http: {
            paths: [
              {
                path: backend.path,
                pathType: "Prefix",
                backend: { service: { name: backend.serviceName, port: ingressPort(backend) } },
              },
            ],
          },
        },
      ],
    },
  };
}

/** Annotations of the load balancer. Each Ingress of the group must have the same, or the controller refuses the group. */
function balancerAnnotations({
  config,
  namespace,
}: EdgeArgs<AlbValues>): Record<string, pulumi.Input<string>> {
  const { certificateArn, wafAclArn, securityGroups } = config;
  const clients = aws.securityGroupClients(config, awsIngress.ipAddressType);
  return {
    [awsIngress.groupName]: namespace,
    [awsIngress.scheme]: config.scheme,
    ...(clients === undefined ? {} : { [awsIngress.inboundCidrs]: clients.join(",") }),
    [awsIngress.loadBalancerAttributes]: aws.attributes({
      "idle_timeout.timeout_seconds": config.idleTimeoutSeconds,
      ...config.loadBalancerAttributes,
    }),
    ...(certificateArn === undefined
      ? { [awsIngress.listenPorts]: JSON.stringify([{ HTTP: 80 }]) }
      : {
          [awsIngress.listenPorts]: JSON.stringify([{ HTTP: 80 }, { HTTPS: 443 }]),
          [awsIngress.tlsRedirect]: "443",
          [awsIngress.certificate]: certificateArn,
          [awsIngress.tlsPolicy]: config.tlsPolicy,
        }),
    ...(wafAclArn === undefined ? {} : { [awsIngress.wafAcl]: wafAclArn }),
    ...(securityGroups.length === 0
      ? {}
      : {
          [awsIngress.securityGroups]: securityGroups.join(","),
          [awsIngress.manageBackendRules]: "true",
        }),
    // The address is known minutes later, and the program does not need it.
    [pulumiSkipAwait]: "true",
  };
}

/** Annotations of each service's own target group. */
function targetGroupAnnotations(
  { affinity, gracePeriodSeconds }: EdgeArgs<AlbValues>,
  backend: EdgeBackend,
): Record<string, pulumi.Input<string>> {
  const health = aws.healthTarget(backend);
  const { intervalSeconds, timeoutSeconds, healthyThreshold, unhealthyThreshold } = aws.healthCheck;
  return {
    [awsIngress.targetType]: "ip",
    [awsIngress.targetGroupAttributes]: aws.attributes({
      "stickiness.enabled": true,
      "stickiness.type": "lb_cookie",
      "stickiness.lb_cookie.duration_seconds": affinity.cookieMaxAgeSeconds,
      // Chooses the pod for clients without a cookie, and for clients whose pod is gone. The default, round robin, would also
      // choose old pods, which end next. AWS does not allow slow_start with this algorithm.
      // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
      "load_balancing.algorithm.type": "least_outstanding_requests",
      "deregistration_delay.timeout_seconds": gracePeriodSeconds,
    }),
    [awsIngress.healthCheckPort]: pulumi.interpolate`${health.port}`,
    [awsIngress.healthCheckPath]: health.path ?? "/",
    // An ALB can check only by HTTP. If the service has no health path, any answer that is not a server error counts as healthy.
    ...(health.path === undefined ? { [awsIngress.healthCheckSuccessCodes]: "200-499" } : {}),
    [awsIngress.healthCheckInterval]: String(intervalSeconds),
    [awsIngress.healthCheckTimeout]: String(timeoutSeconds),
    [awsIngress.healthyThreshold]: String(healthyThreshold),
    [awsIngress.unhealthyThreshold]: String(unhealthyThreshold),
  };
}
