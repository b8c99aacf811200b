import { edgeProperties } from "../../infra/components/edge/properties";
import { awsService } from "../../infra/annotations";
import { inputsOf, kindsOf } from "./deployed";
import { affinity, create, edge } from "./edges";
import { issuesOf } from "./config-issues";
import { selectorOf } from "./selectors";

const certificateArn = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-4444-8888-0123456789ab";
const tls = { secretName: "nova-tls", clusterIssuer: "letsencrypt" };

/** Attributes of an annotation, as the controller reads them. */
function attributesOf(annotations: Record<string, string>, name: string): Record<string, string> {
  const pairs = (annotations[name] ?? "").split(",").map((pair) => pair.split("=") as [string, string]);
  return Object.fromEntries(pairs);
}

async function balancerOf(config: object, name: string, gracePeriodSeconds = 45) {
  const evaluation = await create({ kind: "nlb", ...config }, {}, { gracePeriodSeconds });
  return inputsOf(evaluation, "Service", name);
}

describe("an NLB in front of the nginx edge", () => {
  const config = { kind: "nlb", scheme: "internet-facing", nginx: { tls } };

  test("is the default, and one Service in addition to the nginx edge", async () => {
    const alone = kindsOf(await create({ kind: "nginx", controller: "traefik", tls }));
    expect(kindsOf(await create(config))).toEqual([...alone, "Namespace", "Service"].sort());
  });

  test("selects Traefik by the labels of its chart, and passes TLS through", async () => {
    const { metadata, spec } = await balancerOf(config, "edge-nlb");
    expect(metadata).toMatchObject({ name: "traefik-nlb", namespace: "traefik" });
    expect(spec).toEqual({
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      allocateLoadBalancerNodePorts: false,
      loadBalancerSourceRanges: ["0.0.0.0/0"],
      sessionAffinity: "None",
      selector: { "app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "traefik-traefik" },
      ports: [
        { name: "web", port: 80, targetPort: "web" },
        { name: "websecure", port: 443, targetPort: "websecure" },
      ],
    });
    expect(metadata.annotations).toMatchObject({
      [awsService.scheme]: "internet-facing",
      [awsService.targetType]: "ip",
      [awsService.healthCheckPort]: "8080",
      [awsService.healthCheckPath]: "/ping",
      [awsService.listenerAttributes("TCP", 443)]: "tcp.idle_timeout.seconds=3600",
      "external-dns.alpha.kubernetes.io/hostname": "api.nova.social",
      "pulumi.com/skipAwait": "true",
    });
  });

  test("needs no stickiness, since the cookie keeps clients on their pods", async () => {
    const { metadata } = await balancerOf(config, "edge-nlb");
    expect(attributesOf(metadata.annotations, awsService.targetGroupAttributes)).toEqual({
      "stickiness.enabled": "false",
      "preserve_client_ip.enabled": "true",
      "deregistration_delay.timeout_seconds": "150",
      "deregistration_delay.connection_termination.enabled": "true",
      "target_health_state.unhealthy.connection_termination.enabled": "false",
      "target_health_state.unhealthy.draining_interval_seconds": "150",
    });
  });

  test("does not change the pods' times with nginx: 10 + 30 + 5 s", () => {
    const properties = edgeProperties(edge(config), affinity);
    expect(properties).toMatchObject({ propagationSeconds: 0, registrationSeconds: 0, namespaceLabels: {} });
    expect(properties.cookie("/messaging")).toEqual({ name: "SERVERID", path: "/messaging" });
    expect(properties.idleTimeouts).toEqual([
      { path: "edge.idleTimeoutSeconds", seconds: 3_600 },
      { path: "edge.nginx.timeoutSeconds", seconds: 3_600 },
    ]);
    expect(properties.tls).toBe("edge.nginx.tls");
  });

  test("has Traefik accept connections as long as the NLB may send some, and not be a load balancer itself", async () => {
    const evaluation = await create(config);
    const transport = { lifeCycle: { requestAcceptGraceTimeout: "120s" } };
    expect(inputsOf(evaluation, "Release")).toMatchObject({
      createNamespace: false,
      values: {
        deployment: { terminationGracePeriodSeconds: 150 },
        readinessProbe: { failureThreshold: 3 },
        service: { spec: { type: "ClusterIP" } },
        ports: { web: { transport }, websecure: { transport } },
        providers: { kubernetesIngressNGINX: { publishService: { pathOverride: "traefik/traefik-nlb" } } },
      },
    });
    expect(inputsOf(evaluation, "Namespace")).toMatchObject({
      metadata: { name: "traefik", labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } },
    });
  });

  test("works with ingress-nginx too", async () => {
    const evaluation = await create({ kind: "nlb", nginx: { controller: "ingress-nginx" } });
    expect(inputsOf(evaluation, "Service")).toMatchObject({
      metadata: { name: "ingress-nginx-nlb", namespace: "ingress-nginx" },
      spec: { selector: { "app.kubernetes.io/component": "controller" } },
    });
    expect(inputsOf(evaluation, "IngressController")).toMatchObject({
      controller: {
        service: { type: "ClusterIP" },
        publishService: { pathOverride: "ingress-nginx/ingress-nginx-nlb" },
        extraArgs: { "shutdown-grace-period": "120" },
      },
    });
  });

  test("ends TLS itself with a certificate, and brings plain requests to the controller", async () => {
    const { metadata, spec } = await balancerOf({ certificateArn }, "edge-nlb");
    expect(spec.ports).toEqual([{ name: "web", port: 443, targetPort: "web" }]);
    expect(metadata.annotations).toMatchObject({
      [awsService.certificate]: certificateArn,
      [awsService.tlsPorts]: "443",
      [awsService.tlsPolicy]: "ELBSecurityPolicy-TLS13-1-2-2021-06",
    });
    expect(metadata.annotations).not.toHaveProperty([awsService.listenerAttributes("TCP", 443)]);
    expect(edgeProperties(edge({ kind: "nlb", certificateArn }), affinity)).toMatchObject({
      tls: "edge.certificateArn",
      idleTimeouts: [{ seconds: 350 }, { seconds: 3_600 }],
    });
  });
});

describe("an NLB directly to pods", () => {
  const config = { kind: "nlb", targets: "pods" };

  test("is a Service for each service, each with its own host, since an NLB sees no paths", async () => {
    const evaluation = await create(config);
    expect(kindsOf(evaluation)).toEqual(["Service", "Service"]);
    const { metadata, spec } = inputsOf(evaluation, "Service", "edge-messaging-service");
    expect(metadata).toMatchObject({ name: "messaging-service-nlb", namespace: "nova" });
    expect(spec).toMatchObject({
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      selector: selectorOf("messaging-service"),
      sessionAffinity: "None",
      ports: [{ name: "http", port: 80, targetPort: "http" }],
    });
    expect(evaluation.outputs).toEqual({
      urls: {
        "messaging-service": "ws://messaging-service.api.nova.social/messaging/chat/{room_id}",
        "streaming-service": "ws://streaming-service.api.nova.social/streaming",
      },
    });
  });

  test("has the host itself if there is only one service", async () => {
    const backends = [{ name: "chat", path: "/" }];
    const { outputs } = await create(config, {}, { backends });
    expect(outputs).toEqual({ urls: { chat: "ws://api.nova.social/" } });
  });

  test("keeps a client by its address, and cuts nothing before the pod's grace period is over", async () => {
    const { metadata } = await balancerOf({ targets: "pods" }, "edge-messaging-service", 155);
    expect(attributesOf(metadata.annotations, awsService.targetGroupAttributes)).toEqual({
      "stickiness.enabled": "true",
      "stickiness.type": "source_ip",
      "preserve_client_ip.enabled": "true",
      "deregistration_delay.timeout_seconds": "155",
      "deregistration_delay.connection_termination.enabled": "true",
      "target_health_state.unhealthy.connection_termination.enabled": "false",
      "target_health_state.unhealthy.draining_interval_seconds": "155",
    });
  });

  test("checks the pods' readiness", async () => {
    const { metadata } = await balancerOf({ targets: "pods" }, "edge-messaging-service");
    expect(metadata.annotations).toMatchObject({
      [awsService.healthCheckProtocol]: "http",
      [awsService.healthCheckPort]: "8080",
      [awsService.healthCheckPath]: "/readyz",
      [awsService.healthCheckInterval]: "5",
      [awsService.healthCheckTimeout]: "4",
      [awsService.healthyThreshold]: "2",
      [awsService.unhealthyThreshold]: "2",
    });
  });

  test("allows clients and the load balancer's health checks, and waits until it has added a pod", () => {
    const properties = edgeProperties(
      edge({ ...config, clientCidrs: ["10.1.0.0/16"], subnetCidrs: ["10.0.0.0/20", "10.1.0.0/16"] }),
      affinity,
    );
    expect(properties).toMatchObject({
      ingressSources: [{ cidr: "10.1.0.0/16" }, { cidr: "10.0.0.0/20" }],
      namespaceLabels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" },
      propagationSeconds: 120,
      registrationSeconds: 180,
    });
    expect(properties.cookie("/")).toBeUndefined();
  });

  test("allows IPv6 clients if the load balancer is dual-stack", async () => {
    const annotations = { [awsService.ipAddressType]: "dualstack" };
    const { spec } = await balancerOf({ targets: "pods", annotations }, "edge-messaging-service");
    expect(spec.loadBalancerSourceRanges).toEqual(["0.0.0.0/0", "::/0"]);
    expect(
      edgeProperties(edge({ ...config, annotations, subnetCidrs: ["10.0.0.0/8"] }), affinity).ingressSources,
    ).toEqual([{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }, { cidr: "10.0.0.0/8" }]);
  });

  test("leaves access to its configured security groups", async () => {
    const { spec } = await balancerOf(
      { targets: "pods", securityGroups: ["sg-0a1b2c3d"] },
      "edge-messaging-service",
    );
    expect(spec).not.toHaveProperty("loadBalancerSourceRanges");
  });

  test("has what a platform team adds: security groups, attributes, annotations", async () => {
    const { metadata } = await balancerOf(
      {
        targets: "pods",
        crossZone: false,
        securityGroups: ["sg-0a1b2c3d"],
        loadBalancerAttributes: { "deletion_protection.enabled": true },
        annotations: { "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags": "team=chat" },
      },
      "edge-messaging-service",
    );
    expect(metadata.annotations).toMatchObject({
      [awsService.attributes]: "load_balancing.cross_zone.enabled=false,deletion_protection.enabled=true",
      [awsService.securityGroups]: "sg-0a1b2c3d",
      [awsService.manageBackendRules]: "true",
      "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags": "team=chat",
    });
  });
});

describe("a configuration of the NLB", () => {
  const pods = { kind: "nlb", targets: "pods" };
  const prefix = "service.beta.kubernetes.io";

  test("allows IPv6 clients of a dual-stack load balancer", () => {
    const annotations = { [awsService.ipAddressType]: "dualstack" };
    expect(issuesOf({ edge: { ...pods, clientCidrs: ["2001:db8::/32"], annotations } })).toEqual([]);
  });

  test("has a pod wait until the load balancer has learnt of its end, by default", () => {
    expect(issuesOf({ edge: pods })).toEqual([]);
    expect(issuesOf({ edge: { ...pods, propagationSeconds: 30 }, drain: { preStopSeconds: 30 } })).toEqual(
      [],
    );
  });

  test.each([
    {
      name: "a preStop that ends before the load balancer has heard",
      values: { edge: pods, drain: { preStopSeconds: 10 } },
      issues: [
        "drain.preStopSeconds is 10, expected at least 120, because new connections reach a deregistered pod for that long",
      ],
    },
    {
      name: "a grace period that cuts the drain",
      values: { edge: pods, drain: { gracePeriodSeconds: 45 } },
      issues: [
        "drain.gracePeriodSeconds is 45, expected at least 155 (preStop 120 s + drain 30 s + close 5 s)",
      ],
    },
    {
      name: "a grace period beyond the longest deregistration delay",
      values: { edge: pods, drain: { drainSeconds: 3_600 } },
      issues: [
        "drain.gracePeriodSeconds is 3725, expected at most 3600, the longest deregistration delay of an AWS load balancer",
      ],
    },
    {
      name: "source_ip with a certificate, said or by default",
      values: { edge: { ...pods, certificateArn } },
      issues: [
        "edge.stickiness is source_ip (the default for pods), expected none: with edge.certificateArn, since AWS has no sticky sessions for TLS listeners",
      ],
    },
    {
      name: "an idle timeout that a TLS listener cannot have",
      values: { edge: { ...pods, certificateArn, stickiness: "none", idleTimeoutSeconds: 600 } },
      issues: [
        "edge.idleTimeoutSeconds is 600, expected nothing: with edge.certificateArn it is 350 s and cannot be changed",
      ],
    },
    {
      name: "TLS that would end twice",
      values: { edge: { kind: "nlb", certificateArn, nginx: { tls } } },
      issues: ["edge.nginx.tls is an object, expected nothing: with edge.certificateArn, TLS ends before it"],
    },
    {
      name: "an nginx edge behind a load balancer that passes it by",
      values: { edge: { ...pods, nginx: {} } },
      issues: ["edge.nginx is an object, expected nothing, since edge.targets is pods"],
    },
    {
      name: "plain text across the internet, to pods",
      values: { edge: { ...pods, scheme: "internet-facing" } },
      issues: [
        "edge.scheme is internet-facing, expected internal, unless TLS ends at the edge: set edge.certificateArn",
      ],
    },
    {
      name: "plain text across the internet, to nginx",
      values: { edge: { kind: "nlb", scheme: "internet-facing" } },
      issues: [
        "edge.scheme is internet-facing, expected internal, unless TLS ends at the edge: set edge.nginx.tls or edge.certificateArn",
      ],
    },
    {
      name: "a controller that runs already, and so has a load balancer",
      values: { edge: { kind: "nlb", nginx: { controller: "none" } } },
      issues: ["edge.nginx.controller is none, expected one of traefik, ingress-nginx"],
    },
    {
      name: "IPv6 clients of a load balancer without IPv6 addresses",
      values: { edge: { ...pods, clientCidrs: ["10.0.0.0/8", "2001:db8::/32"] } },
      issues: [
        `edge.clientCidrs[1] is 2001:db8::/32, expected an IPv4 range, unless edge.annotations has ${prefix}/aws-load-balancer-ip-address-type: dualstack`,
      ],
    },
    {
      name: "client addresses beside security groups",
      values: { edge: { ...pods, clientCidrs: ["10.0.0.0/8"], securityGroups: ["sg-0a1b2c3d"] } },
      issues: [
        "edge.clientCidrs is 10.0.0.0/8, expected nothing, since edge.securityGroups is set: the rules of those groups decide who may connect",
      ],
    },
    {
      name: "two Services of one name",
      values: {
        edge: pods,
        services: [
          { name: "chat", path: "/chat" },
          { name: "chat-nlb", path: "/nlb" },
        ],
      },
      issues: ["services[1].name is chat-nlb, expected a name that no load balancer's Service has"],
    },
    {
      name: "a name that leaves no room",
      values: { edge: pods, services: [{ name: "a".repeat(60), path: "/a" }] },
      issues: [
        `services[0].name is ${"a".repeat(60)}, expected at most 59 characters: the load balancer's Service adds -nlb`,
      ],
    },
    {
      name: "an insecure cookie where TLS ends",
      values: { edge: { kind: "nlb", nginx: { tls } }, affinity: { cookieSecure: false } },
      issues: ["affinity.cookieSecure is false, expected true, because edge.nginx.tls is set"],
    },
    {
      name: "a ping that a TLS listener's idle timeout overtakes",
      values: {
        edge: { ...pods, propagationSeconds: 0, idleTimeoutSeconds: 60 },
        sockets: { pingIntervalSeconds: 60 },
      },
      issues: [
        "sockets.pingIntervalSeconds is 60, expected less than edge.idleTimeoutSeconds (60 s); otherwise quiet sockets are cut between two pings",
      ],
    },
  ])("refuses $name", ({ values, issues }) => {
    expect(issuesOf(values)).toEqual(issues);
  });

  test.each([
    {
      annotation: "aws-load-balancer-type",
      value: "nlb",
      answer: "a Service made before the AWS Load Balancer Controller stays with the in-tree one",
    },
    { annotation: "aws-load-balancer-backend-protocol", value: "tcp", answer: "does nothing for an NLB" },
    { annotation: "aws-load-balancer-internal", value: "true", answer: "use edge.scheme" },
    {
      annotation: "aws-load-balancer-connection-idle-timeout",
      value: "60",
      answer: "use edge.idleTimeoutSeconds",
    },
    {
      annotation: "aws-load-balancer-target-group-attributes",
      value: "x=y",
      answer: "use edge.stickiness, drain",
    },
    { annotation: "aws-load-balancer-healthcheck-path", value: "/", answer: "the edge writes it" },
  ])("answers $annotation with what to use instead", ({ annotation, value, answer }) => {
    const name = `${prefix}/${annotation}`;
    const [found, ...more] = issuesOf({ edge: { ...pods, annotations: { [name]: value } } });
    expect(more).toEqual([]);
    expect(found).toContain(`edge.annotations["${name}"] is ${value}, expected nothing: `);
    expect(found).toContain(answer);
  });
});
