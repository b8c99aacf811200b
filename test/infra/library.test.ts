import * as pulumi from "@pulumi/pulumi";
import * as library from "../../infra/index";
import { deployed, inputsOf, kindsOf, thrownBy } from "./deployed";

const { AlbEdge, ArgumentError, ElastiCacheStore, ExternalStore, GatewayEdge, IstioEdge } = library;
const { Monitoring, NginxEdge, NlbEdge, RedisStore, WebSocketService } = library;

const certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/abc";
const backends = [{ name: "chat", serviceName: "chat", path: "/" }];
const edge = { host: "api.example.com", backends };

describe("@holdfast/pulumi", () => {
  test("exports every component and the presets", () => {
    expect(Object.keys(library).sort()).toEqual(
      [
        ...[
          "AlbEdge",
          "ArgumentError",
          "ConnectionProxy",
          "ElastiCacheStore",
          "ExistingService",
          "ExternalStore",
          "GatewayEdge",
        ],
        ...["IstioEdge", "Monitoring", "NginxEdge", "NlbEdge", "NoneEdge", "RedisStore"],
        ...["StackNamespace"],
        ...["WebSocketService", "holdfastApplication", "holdfastPod"],
      ].sort(),
    );
  });

  test("deploys each component with its required arguments only", async () => {
    const evaluation = await deployed(() => {
      new RedisStore("sessions");
      new ExternalStore("other", { url: "redis://:secret@redis.example:6379" });
      new NginxEdge("nginx", edge);
      new AlbEdge("alb", edge);
      new GatewayEdge("gateway", edge);
      new IstioEdge("istio", edge);
      new Monitoring("monitoring", { namespace: pulumi.output("chat"), services: ["chat"] });
      return {};
    });
    expect(kindsOf(evaluation)).toEqual(
      expect.arrayContaining(["StatefulSet", "Ingress", "HTTPRoute", "VirtualService"]),
    );
    expect(JSON.stringify(inputsOf(evaluation, "ConfigMap", "monitoring-dashboard").data)).toContain(
      "monitoring-chat.json",
    );
  });

  test("accepts keys of the schema flat, with the same defaults as a stack", async () => {
    const evaluation = await deployed(() => ({
      url: new RedisStore("sessions", { namespace: "chat", memoryMiB: 256 }).url,
    }));
    const [container] = inputsOf(evaluation, "StatefulSet").spec.template.spec.containers;
    expect(container).toMatchObject({
      image: "valkey/valkey:8.1.8-alpine",
      resources: { limits: { memory: "256Mi" } },
    });
  });

  test("accepts values of other resources, secret or not", async () => {
    const evaluation = await deployed(() => ({
      urls: new NlbEdge("edge", {
        ...edge,
        host: pulumi.output("api.example.com"),
        namespace: pulumi.output("chat"),
        targets: "pods",
        stickiness: "none",
        certificateArn: pulumi.output(certificate),
      }).urls,
    }));
    expect(inputsOf(evaluation, "Service").metadata.annotations).toMatchObject({
      "service.beta.kubernetes.io/aws-load-balancer-ssl-cert": certificate,
      "external-dns.alpha.kubernetes.io/hostname": "api.example.com",
    });
    expect(evaluation.outputs.urls).toEqual({ chat: "wss://api.example.com/" });
  });

  test("accepts the network of an ElastiCache from other resources", async () => {
    const subnets = pulumi.output(
      ["1", "2"].map((zone) => ({ id: `subnet-0000000${zone}`, cidr: `10.0.${zone}.0/24` })),
    );
    const evaluation = await deployed(() => ({
      egress: new ElastiCacheStore("sessions", {
        nodeType: "cache.r7g.large",
        vpcId: pulumi.output("vpc-00000001"),
        subnets,
        clients: { cidrs: ["10.0.0.0/16"] },
      }).egress,
    }));
    expect(inputsOf(evaluation, "SecurityGroup").vpcId).toBe("vpc-00000001");
    expect(JSON.stringify(evaluation.outputs.egress)).toContain("10.0.2.0/24");
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      "a value out of bounds",
      () => new RedisStore("sessions", { memoryMiB: 1 }),
      /^RedisStore sessions: memoryMiB is 1\. Set it to a whole number from 64 to 262144\.$/,
    ],
    [
      "a misspelt key",
      () => new NginxEdge("edge", { ...edge, controler: "traefik" } as never),
      /^NginxEdge edge: controler is traefik, .* Did you mean controller\?$/,
    ],
    [
      "a host that is none",
      () => new NginxEdge("edge", { ...edge, host: "-" }),
      /^NginxEdge edge: host is -\./,
    ],
    [
      "keys that contradict each other",
      () =>
        new NlbEdge("edge", {
          ...edge,
          targets: "pods",
          certificateArn: certificate,
          stickiness: "source_ip",
        }),
      /^NlbEdge edge: stickiness is source_ip\. Set it to none/,
    ],
    [
      "a store that nobody reaches",
      () =>
        new ElastiCacheStore("sessions", {
          nodeType: "cache.r7g.large",
          vpcId: "vpc-00000001",
          subnets: [
            { id: "subnet-00000001", cidr: "10.0.1.0/24" },
            { id: "subnet-00000002", cidr: "10.0.2.0/24" },
          ],
          clients: {},
        }),
      /^ElastiCacheStore sessions: clients is nobody\./,
    ],
  ])("names component and property of %s", async (_, create, message) => {
    const thrown = await thrownBy(create);
    expect(thrown).toBeInstanceOf(ArgumentError);
    expect((thrown as Error).message).toMatch(message);
  });

  test("lets transformations reach every child", async () => {
    const reached: string[] = [];
    const opts: pulumi.ComponentResourceOptions = {
      transformations: [
        ({ name }) => {
          reached.push(name);
          return undefined;
        },
      ],
    };
    const { resources } = await deployed(() => {
      new RedisStore("sessions", {}, opts);
      new NginxEdge("edge", edge, opts);
      new Monitoring("monitoring", { services: ["chat"] }, opts);
      new WebSocketService("chat", { image: "registry.example.com/chat:1.4.0", networkPolicies: true }, opts);
      return {};
    });
    expect(reached).toEqual(expect.arrayContaining(resources.map(({ name }) => name)));
    expect(resources.length).toBeGreaterThan(10);
  });
});

describe("examples/library", () => {
  test("puts a team's own image behind a load balancer and nginx, with Redis", async () => {
    const evaluation = await deployed(() => jest.requireActual<object>("../../examples/library"));
    expect(kindsOf(evaluation)).toEqual(
      expect.arrayContaining(["Deployment", "StatefulSet", "Ingress", "Release", "Service", "Namespace"]),
    );
    const deployment = inputsOf(evaluation, "Deployment");
    expect(deployment.spec.template.spec.containers[0]).toMatchObject({
      image: "registry.example.com/chat:1.4.0",
      ports: [{ name: "http", containerPort: 3000 }],
      env: [{ name: "REDIS_URL" }],
    });
  });
});
