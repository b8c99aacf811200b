import { pino } from "pino";
import { EndpointSlices, readyPods } from "../../../app/proxy/endpoint-slices";
import { serviceNameOf } from "../../../app/proxy/service-name";
import { ApiServer, pod, slice } from "./api-server";
import { until } from "./helpers";

const service = { name: "chat-pods", namespace: "nova", port: 8080 };

describe("EndpointSlices", () => {
  let api: ApiServer;
  let slices: EndpointSlices;
  beforeEach(async () => {
    api = await ApiServer.start();
    slices = new EndpointSlices(
      service,
      () => Promise.resolve([{ address: "dns:8080", outdated: false }]),
      pino({ level: "silent" }),
      api.config,
    );
  });
  afterEach(async () => {
    await slices.stop();
    await api.stop();
  });

  const addresses = async () => (await slices.discover()).map(({ address }) => address);

  async function knows(expected: readonly string[]): Promise<void> {
    let known: readonly string[] = [];
    await until(
      async () => {
        known = await addresses();
        return known.join() === expected.join();
      },
      () => `${known.join()} instead of ${expected.join()}`,
    );
  }

  it("report the ready pods of one Service, and each change as it comes", async () => {
    api.slices = [slice("a", 1, [pod("10.0.0.1", true), pod("10.0.0.2", false), pod("10.0.0.3")])];
    await slices.start();
    expect(await addresses()).toEqual(["10.0.0.1:8080", "10.0.0.3:8080"]);
    expect(api.asked[0]).toBe(
      "/apis/discovery.k8s.io/v1/namespaces/nova/endpointslices?kubernetes.io/service-name=chat-pods",
    );

    await until(
      () => api.watches.size === 1,
      () => "watched",
    );
    api.sendEvent("ADDED", slice("b", 2, [pod("10.0.0.4", true)]));
    await knows(["10.0.0.1:8080", "10.0.0.3:8080", "10.0.0.4:8080"]);
    api.sendEvent("MODIFIED", slice("a", 3, [pod("10.0.0.1", false)]));
    await knows(["10.0.0.4:8080"]);
    api.sendEvent("DELETED", slice("b", 4, []));
    await knows([]);
  });

  it("show which pods a rolling update replaces, from its first pod on, ready or not", async () => {
    const [old, fresh] = [
      (n: number) => `chat-6d4cf56db6-ppp2${n}`,
      (n: number) => `chat-7c5d9f8b4d-qqq2${n}`,
    ];
    const outdated = async () =>
      (await slices.discover()).filter((pod) => pod.outdated).map(({ address }) => address);
    const both = [pod("10.0.0.1", true, old(4)), pod("10.0.0.2", true, old(5))];
    api.slices = [slice("a", 1, both)];
    await slices.start();
    await until(
      () => api.watches.size === 1,
      () => "watched",
    );
    expect(await outdated()).toEqual([]);

    api.sendEvent("MODIFIED", slice("a", 2, [...both, pod("10.0.0.3", false, fresh(6))]));
    await until(
      async () => (await outdated()).length === 2,
      () => "both old pods are outdated",
    );
    expect(await addresses()).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"]);
    // The rollout is undone: the next pod is of the old template.
    api.sendEvent(
      "MODIFIED",
      slice("a", 3, [...both, pod("10.0.0.3", true, fresh(6)), pod("10.0.0.4", true, old(7))]),
    );
    await until(
      async () => (await outdated()).join() === "10.0.0.3:8080",
      () => "the new pod is outdated",
    );
  });

  it("are watched again when a watch ends", async () => {
    await slices.start();
    await until(
      () => api.watches.size === 1,
      () => "watched",
    );
    const asked = api.asked.length;
    api.endWatches();
    await until(
      () => api.asked.length > asked && api.watches.size === 1,
      () => "watched again",
    );
    api.sendEvent("ADDED", slice("a", 2, [pod("10.0.0.1", true)]));
    await knows(["10.0.0.1:8080"]);
  });

  it.each([401, 403, 500])("use DNS while the answer is %i, and continue once it is not", async (status) => {
    api.refusal = status;
    api.slices = [slice("a", 1, [pod("10.0.0.1", true)])];
    expect(await addresses()).toEqual(["dns:8080"]); // before anything is known
    await slices.start();
    expect(await addresses()).toEqual(["dns:8080"]);
    api.refusal = undefined;
    await knows(["10.0.0.1:8080"]);
    api.refusal = status;
    api.endWatches();
    await knows(["dns:8080"]);
  });

  it("use DNS without an API server", async () => {
    await api.stop();
    await slices.start();
    expect(await addresses()).toEqual(["dns:8080"]);
    api = await ApiServer.start(); // for the code after each test
  });
});

describe("readyPods", () => {
  it("lists an address once, whatever slices have it, and IPv6 in brackets", () => {
    const both = [slice("a", 1, [pod("10.0.0.1")]), slice("b", 1, [pod("10.0.0.1"), pod("fd00::1")])];
    const pods = readyPods(both, service, { outdated: () => false });
    expect(pods.map(({ address }) => address)).toEqual(["10.0.0.1:8080", "[fd00::1]:8080"]);
  });
});

describe("serviceNameOf", () => {
  it.each([
    ["chat-pods.nova.svc:8080", service],
    ["chat-pods.nova.svc.cluster.local:8080", service],
    ["chat-pods:8080", undefined],
    ["10.0.0.1:8080", undefined],
    ["chat.example.com:80", undefined],
  ])("reads %s", (upstream, expected) => {
    expect(serviceNameOf(upstream)).toEqual(expected);
  });
});
