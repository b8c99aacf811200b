import { issue, type ConfigIssue } from "../../../config/issue";

const service = "service.beta.kubernetes.io/aws-load-balancer-";
const ingress = "alb.ingress.kubernetes.io/";

/**
 * Annotations of older controllers that many stacks still have, and what to use instead. Some chose a controller, some do nothing
 * for an NLB, and some are set by the edge.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/service/annotations.md
 */
const answers: Readonly<Record<string, string>> = {
  [`${service}type`]:
    "nothing: a Service made before the AWS Load Balancer Controller stays with the in-tree one, and any newer one is " +
    "an NLB of the AWS Load Balancer Controller, whatever it says. The edge sets spec.loadBalancerClass: " +
    "service.k8s.aws/nlb in its place",
  [`${service}backend-protocol`]:
    "nothing: tcp does nothing for an NLB. Where TLS ends is edge.certificateArn, or edge.nginx.tls",
  [`${service}internal`]: "nothing: use edge.scheme, internal or internet-facing",
  [`${service}cross-zone-load-balancing-enabled`]: "nothing: use edge.crossZone",
  [`${service}connection-idle-timeout`]:
    "nothing: it is a Classic Load Balancer's; use edge.idleTimeoutSeconds",
  [`${service}connection-draining-enabled`]: draining(),
  [`${service}connection-draining-timeout`]: draining(),
  [`${service}proxy-protocol`]:
    "nothing: neither the pods nor the controller read it, and client addresses are preserved without it",
  [`${service}extra-security-groups`]: "nothing: it is a Classic Load Balancer's; use edge.securityGroups",
  [`${service}ssl-cert`]: "nothing: use edge.certificateArn",
  [`${service}ssl-negotiation-policy`]: "nothing: use edge.tlsPolicy",
  [`${service}scheme`]: "nothing: use edge.scheme",
  [`${service}security-groups`]: "nothing: use edge.securityGroups",
  [`${service}attributes`]: "nothing: the edge writes it; use edge.crossZone, edge.loadBalancerAttributes",
  [`${service}target-group-attributes`]: "nothing: the edge writes it; use edge.stickiness, drain",
  "service.beta.kubernetes.io/load-balancer-source-ranges": "nothing: use edge.clientCidrs",
  [`${ingress}scheme`]: "nothing: use edge.scheme",
  [`${ingress}certificate-arn`]: "nothing: use edge.certificateArn",
  [`${ingress}ssl-policy`]: "nothing: use edge.tlsPolicy",
  [`${ingress}inbound-cidrs`]: "nothing: use edge.clientCidrs",
  [`${ingress}security-groups`]: "nothing: use edge.securityGroups",
  [`${ingress}wafv2-acl-arn`]: "nothing: use edge.wafAclArn",
  [`${ingress}waf-acl-id`]: "nothing: WAF Classic has ended; use edge.wafAclArn, of AWS WAF",
  [`${ingress}web-acl-id`]: "nothing: WAF Classic has ended; use edge.wafAclArn, of AWS WAF",
  [`${ingress}load-balancer-attributes`]:
    "nothing: the edge writes it; use edge.idleTimeoutSeconds, edge.loadBalancerAttributes",
  [`${ingress}target-group-attributes`]:
    "nothing: the edge writes it; use affinity.cookieMaxAgeSeconds, drain",
  "kubernetes.io/ingress.class": "nothing: it gave way to spec.ingressClassName; use edge.ingressClassName",
};

/** Annotations that the edge itself sets and that have no answer of their own above. */
const own = [
  ...["nlb-target-type", "listener-attributes", "healthcheck-", "ssl-ports", "manage-backend"].map(
    (name) => service + name,
  ),
  ...[
    "target-type",
    "healthcheck-",
    "healthy-",
    "unhealthy-",
    "listen-ports",
    "ssl-redirect",
    "group.",
    "manage-",
  ].map((name) => ingress + name),
];

/** Finds every configured annotation that would override the edge or have no effect, and says what to use instead. */
export function annotationIssues(annotations: Readonly<Record<string, string>>): ConfigIssue[] {
  return Object.entries(annotations).flatMap(([name, value]) => {
    const written = own.some((prefix) => name.startsWith(prefix)) ? "nothing: the edge writes it" : undefined;
    const answer = answers[name] ?? written;
    return answer === undefined ? [] : [issue(`edge.annotations["${name}"]`, value, answer)];
  });
}

function draining(): string {
  return "nothing: it is a Classic Load Balancer's; the deregistration delay follows drain.gracePeriodSeconds";
}
