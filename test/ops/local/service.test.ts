import { once } from "node:events";
import { ServiceProxy } from "../../../ops/local/service";
import { Subnet } from "../../../ops/local/subnet";
import { FakeEndpoint } from "./fake-endpoint";
import { service } from "./fixtures";
import { openSocket } from "./socket";

let pods: FakeEndpoint[];
let ready: FakeEndpoint[];
let subnet: Subnet;
let proxy: ServiceProxy;
let url: string;

async function listen(affinity: boolean): Promise<void> {
  proxy = await ServiceProxy.listen(service("echo", affinity), subnet.take(), () => ready);
  url = `ws://${proxy.address}:8080/chat/lobby`;
}

beforeEach(async () => {
  subnet = await Subnet.claim();
  pods = await Promise.all(["a", "b", "c"].map((pod) => FakeEndpoint.listen(pod)));
  ready = [...pods];
});
afterEach(async () => {
  await Promise.all([proxy.close(), ...pods.map((pod) => pod.close())]);
  subnet.release();
});

const podsMet = (address: string, connections: number) =>
  Promise.all(
    Array.from({ length: connections }, async () => {
      const { socket, pod } = await openSocket(url, { localAddress: address });
      socket.terminate();
      return pod;
    }),
  );

describe("a Service with ClientIP affinity", () => {
  beforeEach(() => listen(true));

  it("keeps a client's address on one pod, and shows the pod that address", async () => {
    expect(new Set(await podsMet("127.1.0.1", 20)).size).toBe(1);
    expect(new Set(pods.flatMap(({ clients }) => clients))).toEqual(new Set(["127.1.0.1"]));
  });

  it("spreads addresses over all pods", async () => {
    const addresses = Array.from({ length: 60 }, (_, index) => `127.1.1.${index + 1}`);
    const met = await Promise.all(addresses.map((address) => podsMet(address, 1)));
    expect(new Set(met.flat())).toEqual(new Set(["a", "b", "c"]));
  });

  it("moves an address when its pod is not ready, and leaves the open connection alone", async () => {
    const { socket, pod } = await openSocket(url, { localAddress: "127.1.0.2" });
    ready = pods.filter((other) => other.pod !== pod);
    const [moved] = await podsMet("127.1.0.2", 1);
    expect(moved).not.toBe(pod);
    socket.send("still there");
    const [echo] = (await once(socket, "message")) as [Buffer];
    expect(echo.toString()).toBe("still there");
    socket.terminate();
  });

  it("passes close codes and broken connections through", async () => {
    const orderly = await openSocket(url);
    pods.forEach((pod) => pod.closeSockets(1012));
    expect((await once(orderly.socket, "close"))[0]).toBe(1012);
    const broken = await openSocket(url);
    pods.forEach((pod) => pod.breakSockets());
    expect((await once(broken.socket, "close"))[0]).toBe(1006);
  });

  it("refuses connections while no pod is ready", async () => {
    ready = [];
    await expect(openSocket(url)).rejects.toThrow(/ECONNRESET|socket hang up/);
  });
});

describe("a Service without affinity", () => {
  beforeEach(() => listen(false));

  it("sends one address to all pods", async () => {
    expect(new Set(await podsMet("127.1.0.3", 60))).toEqual(new Set(["a", "b", "c"]));
  });
});

describe("Subnet", () => {
  it("assigns no address twice, and frees addresses", async () => {
    await listen(false);
    const other = await Subnet.claim();
    const taken = Array.from({ length: 253 }, () => other.take());
    expect(new Set(taken).size).toBe(253);
    expect(() => other.take()).toThrow(/all addresses of 127\.\d+\.\d+\.0\/24 are in use/);
    other.give(taken[7] ?? "");
    expect(other.take()).toBe(taken[7]);
    other.release();
  });

  it("takes another block when one is in use", async () => {
    await listen(false);
    const numbers = [0.1, 0.1, 0.1, 0.1, 0.5, 0.5];
    const random = () => numbers.shift() ?? 0;
    const first = await Subnet.claim(random);
    const second = await Subnet.claim(random);
    expect(first.take()).toBe("127.27.25.2");
    expect(second.take()).toBe("127.128.128.2");
    first.release();
    second.release();
  });
});
