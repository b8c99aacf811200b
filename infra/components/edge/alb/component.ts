import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { awsIngress, pulumiSkipAwait } from "../../../annotations";
import { issue, type ConfigIssue } from "../../../config/issue";
import { workloadLabels } from "../../../labels";
import { object, objectName, text, int } from "../../../config/values";
import type { FlatArgs, WithInputs } from "../../flat-args";
import { edgeArgs, type CommonEdgeArgs } from "../args";
import { annotationIssues } from "../aws/annotation-issues";
import * as aws from "../aws/load-balancer";
import {
  ingressPort,
  serviceHost,
  socketUrls,
  type Edge,
  type EdgeArgs,
  type EdgeBackend,
  type EdgeContext,
  type EdgeProperties,
} from "../edge";

export const albSchema = object({
  kind: z.literal("alb"),
  /** The IngressClass of the AWS Load Balancer Controller. */
  ingressClassName: objectName.default("alb"),
  scheme: aws.scheme,
  /** Ends TLS at the load balancer; port 80 then redirects. It must cover the host of each service. */
  certificateArn: aws.certificateArn.optional(),
  tlsPolicy: aws.tlsPolicy,
  /** A web ACL of AWS WAF in the load balancer's region. It sees upgrades, not what is said on a socket. */
  wafAclArn: text(
    /^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/,
    "the ARN of a regional web ACL, arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID",
  ).optional(),
  /**
   * Silence after which a socket is cut. Seconds; AWS allows 1–4000 and has 60 unless told.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
   */
  idleTimeoutSeconds: int(60, 4_000).default(3_600),
  propagationSeconds: aws.propagationSeconds,
  clientCidrs: aws.clientCidrs,
  subnetCidrs: aws.subnetCidrs,
  securityGroups: aws.securityGroups,
  loadBalancerAttributes: aws.loadBalancerAttributes,
  annotations: aws.annotations,
});

export type AlbConfig = z.infer<typeof albSchema>;

/** The keys that may come from other resources. */
type FromResources = "certificateArn" | "wafAclArn";
type AlbValues = WithInputs<AlbConfig, FromResources>;

/** The cookie of an ALB, which cannot be named, for the whole host. */
const cookie = { name: "AWSALB", path: "/" };

/** The longest stickiness of an ALB. Seconds: a week. */
const maxCookieSeconds = 604_800;

export function albProperties(config: AlbValues): EdgeProperties {
  const tls = config.certificateArn === undefined ? undefined : "edge.certificateArn";
  return {
    scheme: tls === undefined ? "ws" : "wss",
    tls,
    cookie: () => cookie,
    // Two target groups under one host would overwrite each other's AWSALB.
    hostPerService: true,
    podsAreTargets: true,
    idleTimeouts: [{ path: "edge.idleTimeoutSeconds", seconds: config.idleTimeoutSeconds }],
    propagationSeconds: config.propagationSeconds,
    registrationSeconds: aws.registrationSeconds,
    namespaceLabels: aws.readinessGateLabels,
    ingressSources: config.subnetCidrs.map((cidr) => ({ cidr })),
  };
}

/** What of the configuration cannot be, besides the timing constraints. */
export function albIssues(config: AlbValues, { affinity, gracePeriodSeconds }: EdgeContext): ConfigIssue[] {
  const age = affinity.cookieMaxAgeSeconds;
  return [
    ...(age <= maxCookieSeconds
      ? []
      : [
          issue(
            "affinity.cookieMaxAgeSeconds",
            age,
            `at most ${maxCookieSeconds}, the longest stickiness of an ALB`,
          ),
        ]),
    ...aws.deregistrationIssues(gracePeriodSeconds),
    ...aws.plainTextIssues(config.scheme, config.certificateArn, "edge.certificateArn"),
    ...aws.clientIssues(config, awsIngress.ipAddressType),
    ...annotationIssues(config.annotations),
  ];
}

export interface AlbEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof albSchema, FromResources> {}

/**
 * An Ingress for each service, all of one group, so that the AWS Load Balancer Controller makes one ALB with a target
 * group for each. Guards against what an ALB does unasked: cutting a quiet socket after 60 s, and the sockets of a pod
 * that drains after its own deregistration delay; and against one service's cookie taking another's place.
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

/** Of the load balancer; each Ingress of the group says the same, or the controller would refuse the group. */
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
    // The address is there minutes later; nothing that the program makes needs it.
    [pulumiSkipAwait]: "true",
  };
}

/** Of each service's own target group. */
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
      // For clients without a cookie, and those whose pod has gone: round robin, the default, brings them to pods that
      // end next. AWS refuses slow_start beside it.
      // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
      "load_balancing.algorithm.type": "least_outstanding_requests",
      "deregistration_delay.timeout_seconds": gracePeriodSeconds,
    }),
    [awsIngress.healthCheckPort]: pulumi.interpolate`${health.port}`,
    [awsIngress.healthCheckPath]: health.path ?? "/",
    // An ALB asks by HTTP alone: any answer that is no server's error shows that a service without a path listens.
    ...(health.path === undefined ? { [awsIngress.healthCheckSuccessCodes]: "200-499" } : {}),
    [awsIngress.healthCheckInterval]: String(intervalSeconds),
    [awsIngress.healthCheckTimeout]: String(timeoutSeconds),
    [awsIngress.healthyThreshold]: String(healthyThreshold),
    [awsIngress.unhealthyThreshold]: String(unhealthyThreshold),
  };
}
