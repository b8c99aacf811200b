import {
  describeManifests,
  expectSameStack,
  StackMismatchError,
} from "../../../ops/rehearse/cluster/live-stack";
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

describe("expectSameStack", () => {
  it("accepts what the configuration says, whatever its image and replicas", () => {
    const running = live({ services: live().services.map((each) => ({ ...each, image: "x", replicas: 9 })) });
    expect(() => expectSameStack(live(), running, true)).not.toThrow();
  });

  it.each([
    ["a service that is missing", { services: [service("messaging")] }, "no Deployment streaming-service"],
    [
      "another path",
      { services: [service("messaging", { path: "/chat" }), service("streaming")] },
      "messaging-service serves /chat, the stack says /messaging",
    ],
    [
      "another way to authenticate: it is another environment's cluster",
      { services: [service("messaging", { auth: "jwt" }), service("streaming")] },
      "messaging-service authenticates by jwt, the stack says anonymous",
    ],
    [
      "a service that the stack does not know",
      { services: [...live().services, service("voice")] },
      "the stack knows nothing of voice-service",
    ],
    ["another host", { host: "api.example.com" }, "the Ingress is for api.example.com"],
  ])("refuses %s", (_title, changes, words) => {
    const compare = () => expectSameStack(live(), live(changes), true);
    expect(compare).toThrow(StackMismatchError);
    expect(compare).toThrow(words);
  });

  it("lets other services be where some are chosen", () => {
    const chosen = { ...live(), services: [service("messaging")] };
    expect(() => expectSameStack(chosen, live(), false)).not.toThrow();
  });
});
