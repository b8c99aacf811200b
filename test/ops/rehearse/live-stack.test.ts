import {
  describeManifests,
  expectSameStack,
  StackMismatchError,
} from "../../../ops/rehearse/cluster/live-stack";
import { hostOf } from "../../../ops/rehearse/cluster/hosts";
import { chosenServices } from "../../../ops/rehearse/safety";
import { renderStack } from "../../../ops/render/render";
import { live, service } from "./live";

describe("describeManifests", () => {
  it("reads a stack's services, host and authentication from its manifests", async () => {
    const { namespace, host, services } = describeManifests(await renderStack("prod"));
    expect({ namespace, host }).toEqual({ namespace: "nova", host: "api.nova.social" });
    expect(services).toMatchObject([
      { name: "messaging-service", path: "/messaging", auth: "jwt", replicas: 6 },
      { name: "streaming-service", path: "/streaming", auth: "jwt", replicas: 6 },
    ]);
    expect(services[0]?.labels).toMatchObject({ "app.kubernetes.io/component": "websocket-service" });
  });
});

describe("what can be rehearsed", () => {
  it.each([["own-images"], ["nginx-proxy"]])("is no own image and no proxy: %s", async (example) => {
    const { services } = describeManifests(await renderStack(example));
    expect(services.map(({ auth }) => auth)).not.toContain("unknown");
    expect(services.map(({ auth }) => auth)).not.toContain("passthrough");
  });

  it("is nothing in a stack without the Holdfast application, and the message says what to do", () => {
    expect(() => chosenServices({ service: [] }, [])).toThrow(/no Holdfast application.*npm run doctor/s);
  });
});

describe("hostOf", () => {
  const ingress = { kind: "Ingress", spec: { rules: [{}, { host: "a.example.com" }] } };
  const route = { kind: "HTTPRoute", spec: { hostnames: ["b.example.com"] } };
  const virtual = { kind: "VirtualService", spec: { hosts: ["*", "c.example.com"] } };

  it.each([
    [[ingress], "a.example.com"],
    [[route], "b.example.com"],
    [[virtual], "c.example.com"],
    [[{ kind: "Gateway", spec: { hosts: ["d.example.com"] } }], undefined],
    [[{ kind: "HTTPRoute" }], undefined],
  ])("reads %j", (objects, host) => {
    expect(hostOf(objects)).toBe(host);
  });

  it("takes the wanted host if it is one of several, otherwise the first", () => {
    expect(hostOf([ingress, route, virtual], "c.example.com")).toBe("c.example.com");
    expect(hostOf([ingress, route, virtual], "x.example.com")).toBe("a.example.com");
  });

  it.each(["gateway-redis", "istio-external"])("reads the manifests of %s", async (example) => {
    expect(describeManifests(await renderStack(example)).host).toBe("api.nova.social");
  });
});

describe("expectSameStack", () => {
  it("accepts what the configuration describes, whatever its image and replicas", () => {
    const running = live({ services: live().services.map((each) => ({ ...each, image: "x", replicas: 9 })) });
    expect(() => expectSameStack(live(), running, true)).not.toThrow();
  });

  it.each([
    ["a service that is missing", { services: [service("messaging")] }, "no Deployment streaming-service"],
    [
      "another path",
      { services: [service("messaging", { path: "/chat" }), service("streaming")] },
      "messaging-service serves /chat, the configuration has /messaging",
    ],
    [
      "another way to authenticate: it is another environment's cluster",
      { services: [service("messaging", { auth: "jwt" }), service("streaming")] },
      "messaging-service authenticates by jwt, the configuration has anonymous",
    ],
    [
      "a service that the stack does not know",
      { services: [...live().services, service("voice")] },
      "the stack knows nothing of voice-service",
    ],
    ["another host", { host: "api.example.com" }, "its Ingress or route is for api.example.com"],
  ])("refuses %s", (_title, changes, words) => {
    const compare = () => expectSameStack(live(), live(changes), true);
    expect(compare).toThrow(StackMismatchError);
    expect(compare).toThrow(words);
  });

  it("allows other services if some are chosen", () => {
    const chosen = { ...live(), services: [service("messaging")] };
    expect(() => expectSameStack(chosen, live(), false)).not.toThrow();
  });
});
