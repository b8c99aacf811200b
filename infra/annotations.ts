/** Names that other programs read, in one place, because a misspelt annotation is ignored without an error. */

/**
 * ingress-nginx, and Traefik's kubernetesIngressNGINX provider, which reads the same names.
 * https://github.com/kubernetes/ingress-nginx/blob/controller-v1.15.1/docs/user-guide/nginx-configuration/annotations.md
 * There is no annotation for HttpOnly: it is always set.
 */
export const nginx = {
  affinity: "nginx.ingress.kubernetes.io/affinity",
  affinityMode: "nginx.ingress.kubernetes.io/affinity-mode",
  cookieName: "nginx.ingress.kubernetes.io/session-cookie-name",
  cookiePath: "nginx.ingress.kubernetes.io/session-cookie-path",
  cookieMaxAge: "nginx.ingress.kubernetes.io/session-cookie-max-age",
  cookieSecure: "nginx.ingress.kubernetes.io/session-cookie-secure",
  cookieSameSite: "nginx.ingress.kubernetes.io/session-cookie-samesite",
  /**
   * Whether a client leaves a pod that fails while it is still an endpoint. A pod that is no longer an endpoint is always
   * replaced. Traefik does not read it.
   */
  cookieChangeOnFailure: "nginx.ingress.kubernetes.io/session-cookie-change-on-failure",
  proxyReadTimeout: "nginx.ingress.kubernetes.io/proxy-read-timeout",
  proxySendTimeout: "nginx.ingress.kubernetes.io/proxy-send-timeout",
} as const;

/** cert-manager issues the certificate of an Ingress with this annotation. https://cert-manager.io/docs/usage/ingress/ */
export const certManagerClusterIssuer = "cert-manager.io/cluster-issuer";

/**
 * A pod that answers an HTTP-01 challenge of cert-manager: its label, and the port on which it listens.
 * https://github.com/cert-manager/cert-manager/blob/v1.19.1/pkg/issuer/acme/http/http.go
 */
export const challengePods = {
  labels: { "acme.cert-manager.io/http01-solver": "true" },
  port: 8_089,
} as const;

/**
 * Pulumi does not wait for an object with this annotation.
 * https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/
 */
export const pulumiSkipAwait = "pulumi.com/skipAwait";

/**
 * On a HorizontalPodAutoscaler: `false` lets KEDA accept a ScaledObject for the same workload.
 * https://keda.sh/docs/2.18/concepts/admission-webhooks/
 */
export const kedaHpaOwnership = "validations.keda.sh/hpa-ownership";

/** Pod Security admission, per namespace. https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
export const podSecurity = {
  enforce: "pod-security.kubernetes.io/enforce",
  enforceVersion: "pod-security.kubernetes.io/enforce-version",
  audit: "pod-security.kubernetes.io/audit",
  warn: "pod-security.kubernetes.io/warn",
} as const;

/**
 * For the AWS Load Balancer Controller, on a Service from which it creates an NLB.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/service/annotations.md
 */
export const awsService = {
  scheme: "service.beta.kubernetes.io/aws-load-balancer-scheme",
  /** The controller's default with a loadBalancerClass is `instance`: it adds a hop, and kube-proxy chooses the pod. */
  targetType: "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type",
  attributes: "service.beta.kubernetes.io/aws-load-balancer-attributes",
  targetGroupAttributes: "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes",
  /** One annotation for each listener: its protocol and port are part of the name. */
  listenerAttributes: (protocol: "TCP" | "TLS", port: number) =>
    `service.beta.kubernetes.io/aws-load-balancer-listener-attributes.${protocol}-${port}`,
  certificate: "service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
  tlsPorts: "service.beta.kubernetes.io/aws-load-balancer-ssl-ports",
  tlsPolicy: "service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy",
  /** `ipv4` by default; `dualstack` adds IPv6 addresses. */
  ipAddressType: "service.beta.kubernetes.io/aws-load-balancer-ip-address-type",
  securityGroups: "service.beta.kubernetes.io/aws-load-balancer-security-groups",
  /** Without it, the controller does not open the way to the pods for security groups that it did not create. */
  manageBackendRules: "service.beta.kubernetes.io/aws-load-balancer-manage-backend-security-group-rules",
  healthCheckProtocol: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol",
  healthCheckPort: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port",
  healthCheckPath: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path",
  healthCheckInterval: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval",
  healthCheckTimeout: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-timeout",
  healthyThreshold: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-healthy-threshold",
  unhealthyThreshold: "service.beta.kubernetes.io/aws-load-balancer-healthcheck-unhealthy-threshold",
} as const;

/** What makes a Service an NLB of the AWS Load Balancer Controller; fixed when the Service is created. */
export const awsLoadBalancerClass = "service.k8s.aws/nlb";

/**
 * A label of a namespace: a new pod in it becomes ready only once it is a healthy target.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/deploy/pod_readiness_gate.md
 */
export const awsReadinessGate = "elbv2.k8s.aws/pod-readiness-gate-inject";

/**
 * Holdfast's own annotation, on the object of an AWS load balancer: the measured time for which new connections reach a pod that
 * left, instead of the two minutes that the policies assume. Seconds.
 */
export const measuredPropagation = "holdfast/propagation-seconds";

/** external-dns creates a DNS record of this name for a Service. https://kubernetes-sigs.github.io/external-dns/ */
export const externalDnsHostname = "external-dns.alpha.kubernetes.io/hostname";

/**
 * For the AWS Load Balancer Controller, on an Ingress from which it creates an ALB.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/ingress/annotations.md
 */
export const awsIngress = {
  /** Ingresses of one group share an ALB. */
  groupName: "alb.ingress.kubernetes.io/group.name",
  scheme: "alb.ingress.kubernetes.io/scheme",
  /** The controller's default is `instance`: kube-proxy then chooses the pod, and a cookie has no effect. */
  targetType: "alb.ingress.kubernetes.io/target-type",
  loadBalancerAttributes: "alb.ingress.kubernetes.io/load-balancer-attributes",
  targetGroupAttributes: "alb.ingress.kubernetes.io/target-group-attributes",
  listenPorts: "alb.ingress.kubernetes.io/listen-ports",
  tlsRedirect: "alb.ingress.kubernetes.io/ssl-redirect",
  certificate: "alb.ingress.kubernetes.io/certificate-arn",
  tlsPolicy: "alb.ingress.kubernetes.io/ssl-policy",
  inboundCidrs: "alb.ingress.kubernetes.io/inbound-cidrs",
  /** `ipv4` by default; `dualstack` and `dualstack-without-public-ipv4` add IPv6 addresses. */
  ipAddressType: "alb.ingress.kubernetes.io/ip-address-type",
  securityGroups: "alb.ingress.kubernetes.io/security-groups",
  manageBackendRules: "alb.ingress.kubernetes.io/manage-backend-security-group-rules",
  wafAcl: "alb.ingress.kubernetes.io/wafv2-acl-arn",
  healthCheckSuccessCodes: "alb.ingress.kubernetes.io/success-codes",
  healthCheckPort: "alb.ingress.kubernetes.io/healthcheck-port",
  healthCheckPath: "alb.ingress.kubernetes.io/healthcheck-path",
  healthCheckInterval: "alb.ingress.kubernetes.io/healthcheck-interval-seconds",
  healthCheckTimeout: "alb.ingress.kubernetes.io/healthcheck-timeout-seconds",
  healthyThreshold: "alb.ingress.kubernetes.io/healthy-threshold-count",
  unhealthyThreshold: "alb.ingress.kubernetes.io/unhealthy-threshold-count",
} as const;

/**
 * On a pod: a scale-down removes those with the lowest number first.
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost
 */
export const podDeletionCost = "controller.kubernetes.io/pod-deletion-cost";
