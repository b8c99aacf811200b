import { pino } from "pino";
import { EndpointSlices } from "../../app/proxy/endpoint-slices";
import { Subnet } from "../../ops/local/subnet";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { Wire } from "../app/helpers/wire";
import { ApiServer, pod, slice } from "../app/proxy/api-server";
import { startProxyOf, stopProxies } from "../app/proxy/helpers";
import { BuiltApp, type ProcessPod } from "./helpers/pods";
import { until } from "./helpers/until";

const clients = 20;
/** The port of every pod: each has its own address. */
const port = 8_080;
const [oldTemplate, newTemplate] = ["chat-6d4cf56db6", "chat-7c5d9f8b4d"];

/** The last letters of the pods' names, from the alphabet of Kubernetes. */
const suffixes = "bcdfghjklmnp";

interface RunningPod {
  readonly address: string;
  /** The pod's name in Kubernetes. */
  readonly name: string;
  readonly process: ProcessPod;
  ready: boolean;
}

describe("a rolling update of a service that was scaled up, behind a connection proxy", () => {
  let app: BuiltApp;
  let redis: RedisServer;
  let subnet: Subnet;
  let api: ApiServer;
  const pods: RunningPod[] = [];
  let count = 0;
  const wires: Wire[] = [];

  beforeAll(async () => {
    [app, redis, subnet] = await Promise.all([BuiltApp.build(), startRedis(), Subnet.claim()]);
  });
  afterAll(async () => {
    subnet.release();
    await redis.stop();
    await app.remove();
  });
  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(async () => {
    for (const wire of wires.splice(0)) wire.ws.terminate();
    await stopProxies();
    await Promise.all(pods.splice(0).map(({ process }) => process.kill()));
    await api.stop();
  });

  /** Starts a pod; the API server reports it once it serves. */
  async function startPod(template: string): Promise<RunningPod> {
    const address = subnet.take();
    const name = `${template}-p2p4${suffixes[count++ % suffixes.length] ?? ""}`;
    const env = { BIND_ADDRESS: address, HTTP_PORT: String(port), DRAIN_SECONDS: "30" };
    const process = await app.start({ name, redisUrl: redis.url, env });
    const started = { address, name, process, ready: true };
    pods.push(started);
    return started;
  }

  /** The API server reports all pods. */
  function reportPods(named: boolean): void {
    const endpoints = pods.map(({ address, ready, name }) => pod(address, ready, named ? name : undefined));
    api.version += 1;
    api.slices = [slice("chat", api.version, endpoints)];
    api.sendEvent("MODIFIED", slice("chat", api.version, endpoints));
  }

  /** Replaces three pods, the one with all clients first; returns how often each client changed its pod. */
  async function movesOfRollout(named: boolean): Promise<number[]> {
    const source = new EndpointSlices(
      { name: "chat", namespace: "nova", port },
      () => Promise.reject(new Error("nobody asks DNS here")),
      pino({ level: "silent" }),
      api.config,
    );
    const knows = (count: number) =>
      until(
        async () => (await source.discover().catch(() => [])).length === count || undefined,
        () => `${count} pods that are ready`,
      );
    const old = [await startPod(oldTemplate)];
    reportPods(named);
    const proxy = await startProxyOf(source);
    await knows(1);
    for (let client = 0; client < clients; client++) {
      const wire = new Wire(`${proxy.url}/chat/room`);
      wires.push(wire);
      await wire.hello({ rooms: [{ room: "room" }] });
    }
    old.push(await startPod(oldTemplate), await startPod(oldTemplate));
    reportPods(named);
    await knows(3);
    for (const leaving of old) {
      await startPod(newTemplate);
      reportPods(named);
      await knows(4);
      leaving.ready = false;
      reportPods(named);
      await knows(3);
      pods.splice(pods.indexOf(leaving), 1);
      await leaving.process.end(); // once its last client has left
      reportPods(named);
    }
    const names = new Set(pods.map(({ process }) => process.name));
    const podsOf = ({ frames }: Wire) =>
      frames.flatMap((frame) => (frame.type === "welcome" ? [frame.pod] : []));
    await until(
      () => wires.every((wire) => names.has(podsOf(wire).at(-1) ?? "")) || undefined,
      () => "every client on a new pod",
    );
    return wires.map((wire) => podsOf(wire).length - 1);
  }

  const mean = (moves: readonly number[]) => moves.reduce((sum, count) => sum + count, 0) / moves.length;

  it("moves each client once, if EndpointSlices name the pods", async () => {
    expect(await movesOfRollout(true)).toEqual(Array.from({ length: clients }, () => 1));
  });

  it("moves clients more often if nothing distinguishes the new pods from the old ones", async () => {
    expect(mean(await movesOfRollout(false))).toBeGreaterThan(1);
  });
});
