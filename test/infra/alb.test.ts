import { awsIngress } from "../../infra/annotations";
import { edgeProperties } from "../../infra/components/edge/properties";
import { inputsOf, kindsOf } from "./deployed";
import { affinity, create, edge } from "./edges";
import { issuesOf } from "./config-issues";

const certificateArn = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-4444-8888-0123456789ab";
const wafAclArn =
  "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/nova/0a1b2c3d-0000-4444-8888-0123456789ab";

async function ingressOf(config: object, name = "messaging-service") {
  const evaluation = await create({ kind: "alb", ...config }, {}, { gracePeriodSeconds: 155 });
  return inputsOf(evaluation, "Ingress", `edge-${name}`);
}

describe("the edge alb", () => {
  test("is an Ingress for each service, all of one load balancer, each with its own host", async () => {
    const evaluation = await create({ kind: "alb", certificateArn });
    expect(kindsOf(evaluation)).toEqual(["Ingress", "Ingress"]);
    const [first, second] = [await ingressOf({}), await ingressOf({}, "streaming-service")];
    for (const { metadata } of [first, second]) {
      expect(metadata.annotations).toHaveProperty([awsIngress.groupName], "nova");
    }
    expect(second.spec).toEqual({
      ingressClassName: "alb",
      rules: [
        {
          host: "streaming-service.api.nova.social",
          http: {
            paths: [
              {
                path: "/streaming",
                pathType: "Prefix",
                backend: { service: { name: "streaming-service", port: { name: "http" } } },
              },
            ],
          },
        },
      ],
    });
    expect(evaluation.outputs).toEqual({
      urls: {
        "messaging-service": "wss://messaging-service.api.nova.social/messaging/chat/{room_id}",
        "streaming-service": "wss://streaming-service.api.nova.social/streaming",
      },
    });
  });

  test("keeps clients by the load balancer's cookie, and quiet sockets for an hour", async () => {
    const { metadata } = await ingressOf({});
    expect(metadata.annotations).toEqual({
      [awsIngress.groupName]: "nova",
      [awsIngress.scheme]: "internal",
      [awsIngress.targetType]: "ip",
      [awsIngress.inboundCidrs]: "0.0.0.0/0",
      [awsIngress.listenPorts]: '[{"HTTP":80}]',
      [awsIngress.loadBalancerAttributes]: "idle_timeout.timeout_seconds=3600",
      [awsIngress.targetGroupAttributes]:
        "stickiness.enabled=true,stickiness.type=lb_cookie,stickiness.lb_cookie.duration_seconds=86400," +
        "load_balancing.algorithm.type=least_outstanding_requests," +
        "deregistration_delay.timeout_seconds=155",
      [awsIngress.healthCheckPort]: "8080",
      [awsIngress.healthCheckPath]: "/readyz",
      [awsIngress.healthCheckInterval]: "5",
      [awsIngress.healthCheckTimeout]: "4",
      [awsIngress.healthyThreshold]: "2",
      [awsIngress.unhealthyThreshold]: "2",
      "pulumi.com/skipAwait": "true",
    });
  });

  test("sends a client without a cookie to the least busy target, without slow start, which AWS does not allow with it", async () => {
    const { metadata } = await ingressOf({});
    const text = (metadata.annotations as Record<string, string>)[awsIngress.targetGroupAttributes] ?? "";
    const attributes = new Map(text.split(",").map((pair) => pair.split("=") as [string, string]));
    expect(attributes.get("load_balancing.algorithm.type")).toBe("least_outstanding_requests");
    expect(attributes.get("stickiness.enabled")).toBe("true");
    expect(attributes.has("slow_start.duration_seconds")).toBe(false);
  });

  test("ends TLS with a certificate, redirects to it, and has a configured web ACL", async () => {
    const { metadata } = await ingressOf({ certificateArn, wafAclArn, securityGroups: ["sg-01", "sg-02"] });
    expect(metadata.annotations).toMatchObject({
      [awsIngress.listenPorts]: '[{"HTTP":80},{"HTTPS":443}]',
      [awsIngress.tlsRedirect]: "443",
      [awsIngress.certificate]: certificateArn,
      [awsIngress.tlsPolicy]: "ELBSecurityPolicy-TLS13-1-2-2021-06",
      [awsIngress.wafAcl]: wafAclArn,
      [awsIngress.securityGroups]: "sg-01,sg-02",
      [awsIngress.manageBackendRules]: "true",
    });
  });

  test.each(["dualstack", "dualstack-without-public-ipv4"])(
    "allows IPv6 clients if its addresses are %s",
    async (type) => {
      const { metadata } = await ingressOf({ annotations: { [awsIngress.ipAddressType]: type } });
      expect(metadata.annotations).toHaveProperty([awsIngress.inboundCidrs], "0.0.0.0/0,::/0");
    },
  );

  test("leaves access to its configured security groups", async () => {
    const { metadata } = await ingressOf({ securityGroups: ["sg-01"] });
    expect(metadata.annotations).not.toHaveProperty([awsIngress.inboundCidrs]);
  });

  test("has pods wait until the load balancer has learnt of their end, and allows its subnets", () => {
    const properties = edgeProperties(edge({ kind: "alb", subnetCidrs: ["10.0.0.0/16"] }), affinity);
    expect(properties).toMatchObject({
      propagationSeconds: 120,
      registrationSeconds: 180,
      namespaceLabels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" },
      ingressSources: [{ cidr: "10.0.0.0/16" }],
      idleTimeouts: [{ path: "edge.idleTimeoutSeconds", seconds: 3_600 }],
    });
    expect(properties.cookie("/messaging")).toEqual({ name: "AWSALB", path: "/" });
  });
});

describe("a configuration of the ALB", () => {
  test.each([
    {
      name: "a cookie older than an ALB's can be",
      values: { affinity: { cookieMaxAgeSeconds: 604_801 } },
      issue:
        "affinity.cookieMaxAgeSeconds is 604801, expected at most 604800, the longest stickiness of an ALB",
    },
    {
      name: "a cookie that is forgotten before the session",
      values: { affinity: { cookieMaxAgeSeconds: 60 } },
      issue:
        "affinity.cookieMaxAgeSeconds is 60, expected at least session.ttlSeconds (3600 s); otherwise a client loses its pod before its session ends",
    },
    {
      name: "plain text across the internet",
      values: { edge: { kind: "alb", scheme: "internet-facing" } },
      issue:
        "edge.scheme is internet-facing, expected internal, unless TLS ends at the edge: set edge.certificateArn",
    },
    {
      name: "an idle timeout beyond an ALB's",
      values: { edge: { kind: "alb", idleTimeoutSeconds: 4_001 } },
      issue: "edge.idleTimeoutSeconds is 4001, expected a whole number from 60 to 4000",
    },
    {
      name: "a preStop that ends before the load balancer has heard",
      values: { drain: { preStopSeconds: 10 } },
      issue:
        "drain.preStopSeconds is 10, expected at least 120, because new connections reach a deregistered pod for that long",
    },
    {
      name: "a certificate that is none of ACM's",
      values: { edge: { kind: "alb", certificateArn: "nova-tls" } },
      issue:
        "edge.certificateArn is nova-tls, expected the ARN of an ACM certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
    },
    {
      name: "IPv6 clients of a load balancer without IPv6 addresses",
      values: { edge: { kind: "alb", clientCidrs: ["::/0"] } },
      issue:
        "edge.clientCidrs[0] is ::/0, expected an IPv4 range, unless edge.annotations has alb.ingress.kubernetes.io/ip-address-type: dualstack",
    },
    {
      name: "client addresses beside security groups",
      values: { edge: { kind: "alb", clientCidrs: ["10.0.0.0/8"], securityGroups: ["sg-01"] } },
      issue:
        "edge.clientCidrs is 10.0.0.0/8, expected nothing, since edge.securityGroups is set: the rules of those groups decide who may connect",
    },
    {
      name: "annotations that have gone out of use",
      values: { edge: { kind: "alb", annotations: { "kubernetes.io/ingress.class": "alb" } } },
      issue:
        'edge.annotations["kubernetes.io/ingress.class"] is alb, expected nothing: it gave way to spec.ingressClassName; use edge.ingressClassName',
    },
  ])("refuses $name", ({ values, issue }) => {
    expect(issuesOf({ edge: { kind: "alb" }, ...values })).toEqual([issue]);
  });

  test("allows one path for two services, since their hosts differ", () => {
    const services = [
      { name: "messaging", path: "/" },
      { name: "streaming", path: "/" },
    ];
    expect(issuesOf({ edge: { kind: "alb" }, services })).toEqual([]);
  });
});
