import * as pulumi from "@pulumi/pulumi";
import * as library from "../../infra/index";
import { checkArgs } from "../../infra/components/check-args";
import { connectionProxyArgsSchema } from "../../infra/components/connection-proxy/schema";
import { existingServiceSchema } from "../../infra/components/existing-service/schema";
import { webSocketServiceSchema } from "../../infra/components/websocket-service/schema";
import { deployed, thrownBy } from "./deployed";

const { AlbEdge, ArgumentError, ConnectionProxy, ElastiCacheStore, ExistingService, ExternalStore } = library;
const { GatewayEdge, IstioEdge, Monitoring, NginxEdge, NlbEdge, NoneEdge, RedisStore } = library;
const { StackNamespace, WebSocketService } = library;

const image = "registry.example.com/chat:1.4.0";
const host = "api.example.com";

/** One of each component, with values of other resources. */
function oneOfEach(): object {
  const { name: namespace } = new StackNamespace("chat");
  const sessionStore = new RedisStore("sessions", { namespace });
  new ExternalStore("external", { namespace, url: "redis://:secret@redis.example:6379" });
  new ElastiCacheStore("managed", {
    namespace,
    nodeType: "cache.r7g.large",
    vpcId: "vpc-00000001",
    subnets: ["1", "2"].map((zone) => ({ id: `subnet-0000000${zone}`, cidr: `10.0.${zone}.0/24` })),
    clients: { cidrs: ["10.0.0.0/16"] },
  });
  const service = new WebSocketService("service", { image, namespace, sessionStore, networkPolicies: true });
  const proxy = new ConnectionProxy("service-proxy", { service, image });
  new ExistingService("existing", { namespace });
  const edge = { namespace, host, backends: [proxy.backend] };
  new NoneEdge("none", { namespace, backends: [service.backend] });
  new NginxEdge("nginx", edge);
  new NlbEdge("nlb", { ...edge, targets: "pods" });
  new AlbEdge("alb", edge);
  new GatewayEdge("gateway", edge);
  new IstioEdge("istio", edge);
  new Monitoring("monitoring", { namespace, services: ["service"] });
  return {};
}

/** Every component that the library exports. */
const components = Object.entries(library)
  .filter(([, value]) => Object.prototype.isPrototypeOf.call(pulumi.ComponentResource, value))
  .map(([name]) => name);

describe("every component", () => {
  const created: { type: string; name: string; props: Record<string, unknown>; parent: boolean }[] = [];
  beforeAll(async () => {
    await deployed(() => {
      pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
        const { parent } = opts;
        created.push({
          type,
          name,
          props,
          parent: parent !== undefined && isOurs(parent),
        });
        return undefined;
      });
      return oneOfEach();
    });
  });

  test("has the token holdfast:index:NAME of its class", () => {
    const tokens = created.map(({ type }) => type).filter((type) => type.startsWith("holdfast:"));
    expect(new Set(tokens)).toEqual(new Set(components.map((name) => `holdfast:index:${name}`)));
  });

  test.each(components)("%s registers its arguments, and no resource among them", (component) => {
    const all = created.filter(({ type }) => type === `holdfast:index:${component}`);
    expect(all.length).toBeGreaterThan(0);
    for (const { name, props } of all) {
      // A policy pack cannot read a resource: the update would fail.
      expect(resourcesIn(props, name)).toEqual([]);
      // StackNamespace has no required argument.
      if (component !== "StackNamespace") expect(Object.keys(props)).not.toEqual([]);
    }
  });

  test("is the parent of what it creates, so that transforms and providers reach it", () => {
    const orphans = created.filter(({ type, parent }) => !type.startsWith("holdfast:") && !parent);
    expect(orphans.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
    expect(created.length).toBeGreaterThan(40);
  });
});

describe("the names", () => {
  test("of the same objects in two namespaces do not collide, nor of two resources in one", async () => {
    const { resources } = await deployed(() => {
      for (const namespace of ["blue", "green"]) {
        const store = new RedisStore(`${namespace}-store`, { namespace, serviceName: "redis" });
        const service = new WebSocketService(`${namespace}-chat`, {
          ...{ image, namespace, serviceName: "chat", sessionStore: store, networkPolicies: true },
        });
        const proxy = new ConnectionProxy(`${namespace}-proxy`, { service, image, networkPolicies: true });
        const edge = { namespace, host: `${namespace}.example.com`, backends: [proxy.backend] };
        new NginxEdge(`${namespace}-nginx`, edge);
        new GatewayEdge(`${namespace}-gateway`, edge);
        new IstioEdge(`${namespace}-istio`, edge);
        new Monitoring(`${namespace}-monitoring`, { namespace, services: ["chat"] });
        new RedisStore(`${namespace}-other`, { namespace });
        new Monitoring(`${namespace}-more`, { namespace, services: ["other"] });
      }
      return {};
    });
    const urns = resources.map(({ type, name }) => `${type}::${name}`);
    expect(urns.filter((urn, index) => urns.indexOf(urn) !== index)).toEqual([]);
    const objects = resources.flatMap(({ type, inputs }) => {
      const { name, namespace } = (inputs.metadata ?? {}) as { name?: string; namespace?: string };
      return name === undefined ? [] : [`${type} ${String(inputs.kind)} ${namespace}/${name}`];
    });
    expect(objects.filter((object, index) => objects.indexOf(object) !== index)).toEqual([]);
    expect(objects).toEqual(expect.arrayContaining([expect.stringContaining("blue/chat-proxy")]));
  });

  test("follow from the resource's name by default", async () => {
    const { outputs } = await deployed(() => ({
      namespace: new StackNamespace("chat").name,
      store: new RedisStore("sessions").egress,
      proxy: new ConnectionProxy("front", {
        service: new WebSocketService("chat", { image }),
        image,
        serviceName: "chat-front",
      }).serviceName,
    }));
    expect(outputs).toMatchObject({ namespace: "chat", proxy: "chat-front" });
    expect(JSON.stringify(outputs.store)).toContain('"app.kubernetes.io/name":"sessions"');
  });
});

test("a proxy reaches the pods of a service that somebody else deploys by their own labels", async () => {
  const podLabels = { app: "legacy-chat" };
  const { resources } = await deployed(() => {
    const backend = { name: "chat", serviceName: "chat", path: "/" };
    const service = {
      serviceName: "chat",
      namespace: "chat",
      podLabels,
      protocol: "websocket",
      backend,
    } as const;
    new ConnectionProxy("front", { service, image, networkPolicies: true });
    return {};
  });
  const specOf = (kind: string, name: string) =>
    resources.find(({ type, inputs }) => type.endsWith(`:${kind}`) && nameOf(inputs) === name)?.inputs.spec;
  expect(specOf("Service", "chat-pods")).toMatchObject({ selector: podLabels });
  expect(specOf("NetworkPolicy", "chat-proxy")).toMatchObject({
    egress: expect.arrayContaining([
      expect.objectContaining({ to: [{ podSelector: { matchLabels: podLabels } }] }),
    ]) as object[],
  });
});

function nameOf({ metadata }: Readonly<Record<string, unknown>>): string | undefined {
  return (metadata as { name?: string } | undefined)?.name;
}

describe("a wrong value", () => {
  const backend = { name: "chat", serviceName: "chat", path: "/" };
  const service = { serviceName: "chat", namespace: "chat", protocol: "websocket" as const, backend };

  test.each<[string, () => unknown, string]>([
    [
      "StackNamespace",
      () => new StackNamespace("chat", { name: "Chat" }),
      "StackNamespace chat: name is Chat. Set it to ",
    ],
    [
      "a misspelt argument of WebSocketService",
      () => new WebSocketService("chat", { image, prot: 3000 } as never),
      "WebSocketService chat: prot is 3000, expected one of the keys",
    ],
    [
      "WebSocketService",
      () => new WebSocketService("chat", { image, path: "chat", maxSurge: "0%" }),
      "WebSocketService chat: maxSurge is 0%. Set it to a percentage from 1% to 100%.\n" +
        "WebSocketService chat: path is chat. Set it to a path",
    ],
    [
      "WebSocketService without its image",
      () => new WebSocketService("chat", {} as never),
      "WebSocketService chat: image is missing. Set it to an image by digest or by a fixed tag.",
    ],
    [
      "WebSocketService whose name no Service can have",
      () => new WebSocketService("Chat", { image }),
      "WebSocketService Chat: serviceName is Chat. Set it to a Service name",
    ],
    [
      "WebSocketService with two that decide on its pods",
      () =>
        new WebSocketService("chat", {
          image,
          replicas: 3,
          autoscaling: {
            minReplicas: 2,
            maxReplicas: 4,
            connectionsPerPod: 100,
            metricsSource: { kind: "pods" },
          },
        }),
      "WebSocketService chat: replicas is set. Remove it: autoscaling decides on the number of pods.",
    ],
    [
      "ConnectionProxy",
      () => new ConnectionProxy("proxy", { service, image, mode: "sometimes" as never }),
      "ConnectionProxy proxy: mode is sometimes. Set it to one of holdfast, at-most-once, at-least-once, socket.io.",
    ],
    [
      "ExistingService",
      () => new ExistingService("echo", { drainSeconds: -1 }),
      "ExistingService echo: drainSeconds is -1. Set it to a whole number from 0 to 86400.",
    ],
    [
      "ExistingService whose times do not fit",
      () => new ExistingService("echo", { gracePeriodSeconds: 10 }),
      "ExistingService echo: gracePeriodSeconds is 10, but preStop 10 s",
    ],
    [
      "RedisStore",
      () => new RedisStore("sessions", { serviceName: "Redis" }),
      "RedisStore sessions: serviceName is Redis. Set it to a Service name",
    ],
    [
      "an edge with two backends of one name",
      () => new NginxEdge("edge", { host, backends: [backend, backend] }),
      "NginxEdge edge: backends[1].name is chat, as that of backends[0]. Set it to another name",
    ],
    [
      "an edge in no namespace",
      () => new GatewayEdge("edge", { host, backends: [backend], namespace: "-" }),
      "GatewayEdge edge: namespace is -. Set it to the name of a namespace such as chat.",
    ],
    [
      "Monitoring",
      () => new Monitoring("monitoring", { services: ["chat"], objectName: "My_Rules" }),
      "Monitoring monitoring: objectName is My_Rules. Set it to a name",
    ],
  ])(
    "of %s is refused by the constructor, which names the property and the change",
    async (_, create, message) => {
      const thrown = await thrownBy(create);
      expect(thrown).toBeInstanceOf(ArgumentError);
      expect((thrown as Error).message.slice(0, message.length)).toBe(message);
    },
  );

  test.each([
    ["WebSocketService chat", webSocketServiceSchema, { image }, "port", 0, "a whole number from 1 to 65535"],
    [
      "ConnectionProxy proxy",
      connectionProxyArgsSchema,
      { image, service },
      "replicas",
      0,
      "a whole number from 1 to 1000",
    ],
    ["ExistingService echo", existingServiceSchema, {}, "namespace", "-", "a label"],
  ] as const)("inside an Output fails the Output of %s", (where, schema, args, property, value, expected) => {
    const message = `${where}: ${property} is ${value}. Set it to ${expected}`;
    expect(() => checkArgs(where, schema, { ...args, [property]: value })).toThrow(message);
    expect(() => checkArgs(where, schema, { ...args, [property]: known(value) })).toThrow(message);
    const unknown = { ...known(value), apply: () => known(value) };
    expect(() => checkArgs(where, schema, { ...args, [property]: unknown })).not.toThrow();
  });
});

/** Replaces an Output: a real one that fails, and that no resource uses, ends the process. */
function known(value: unknown): object {
  return { __pulumiOutput: true, apply: (compute: (value: unknown) => unknown) => compute(value) };
}

function isOurs(resource: pulumi.Resource): boolean {
  return (resource as unknown as { __pulumiType: string }).__pulumiType.startsWith("holdfast:");
}

/** The paths of resources in a value. */
function resourcesIn(value: unknown, at: string): string[] {
  if (pulumi.Resource.isInstance(value)) return [at];
  if (pulumi.Output.isInstance(value) || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => resourcesIn(inner, `${at}.${key}`));
}
