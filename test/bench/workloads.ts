import type { RemoteProcess } from "../../ops/process/rpc";
import { settledKiB } from "./helpers/collectable";
import { cpuMicros } from "./helpers/usage";
import type { Traffic, TrafficResult } from "./load/load";
import type { LoadProcess } from "./load/process";
import type { ProtocolName, Server } from "./peers/peer";

/** One measured value; null if the peer does not have it. */
export interface Figure {
  /** The name of the work in the table. */
  readonly work: string;
  /** What was measured, with its unit. */
  readonly measured: string;
  readonly value: number | null;
}

/** A server, and the process that sends load to it. */
interface Subject {
  readonly server: Server;
  readonly protocol: ProtocolName;
  readonly load: RemoteProcess<LoadProcess>;
  /** How long each measurement takes. Seconds. */
  readonly seconds: number;
  /** Reports a problem that makes the figures less reliable. */
  readonly warn: (what: string) => void;
}

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  measure(subject: Subject): Promise<Figure[]>;
}

export type WorkloadName = "memory" | "chat" | "trickle";

const chatClients = { rooms: 200, membersPerRoom: 10 };
const trickleClients = { rooms: 1, membersPerRoom: 500 };

/** Messages before the first measurement, so that no peer is measured while its code is being compiled. Seconds. */
const warmUpSeconds = 3;

export const workloads: readonly Workload[] = [
  { name: "memory", title: "memory of 2,000 silent connections in 200 rooms", measure: measureMemory },
  { name: "chat", title: "chat: 200 rooms of 10 members, in which all publish", measure: measureChat },
  {
    name: "trickle",
    title: "trickle: one room of 500 members, in which one publishes",
    measure: measureTrickle,
  },
];

async function measureMemory({ server, protocol, load }: Subject): Promise<Figure[]> {
  const { url, token, storePid, isCollectable } = server;
  const pid = server.isFresh ? server.pid : undefined;
  const resident = () =>
    Promise.all([
      pid === undefined ? null : settledKiB(pid, isCollectable),
      storePid === undefined ? null : settledKiB(storePid, false),
    ]);
  const before = await resident();
  await load.call("open", { protocol, url, token, ...chatClients });
  const after = await resident();
  const connections = chatClients.rooms * chatClients.membersPerRoom;
  return ["memory per connection, KiB", "memory of the store per connection, KiB"].map((measured, index) => {
    const [begin = null, end = null] = [before[index], after[index]];
    const value = begin === null || end === null ? null : (end - begin) / connections;
    return { work: "silent connections", measured, value };
  });
}

async function measureChat(subject: Subject): Promise<Figure[]> {
  const { server, protocol, load, seconds } = subject;
  await load.call("open", { protocol, url: server.url, token: server.token, ...chatClients });
  const traffic = { burst: 1, publishers: "all" } as const;
  await load.call("run", { ...traffic, perSecond: 1_000, seconds: warmUpSeconds });
  const figures: Figure[] = [];
  for (const perSecond of [1_000, 200]) {
    const { result, cpu, storeCpu } = await measureTraffic(subject, { ...traffic, perSecond, seconds });
    const values = {
      "delivery p50, ms": result.deliverP50,
      "delivery p99, ms": result.deliverP99,
      "acknowledgement p99, ms": result.ackP99,
      "CPU per publish, µs": per(cpu, result.published),
      "CPU of the store per publish, µs": per(storeCpu, result.published),
    };
    figures.push(...named(`chat, ${perSecond.toLocaleString("en")} messages/s`, values));
  }
  return figures;
}

async function measureTrickle(subject: Subject): Promise<Figure[]> {
  const { server, protocol, load, seconds } = subject;
  await load.call("open", { protocol, url: server.url, token: server.token, ...trickleClients });
  const traffic = { perSecond: 40, publishers: "first" } as const;
  await load.call("run", { ...traffic, burst: 1, seconds: warmUpSeconds });
  const figures: Figure[] = [];
  for (const burst of [1, 10]) {
    const { result, cpu } = await measureTraffic(subject, { ...traffic, burst, seconds });
    const values = {
      "delivery p99, ms": result.deliverP99,
      "CPU per delivery, µs": per(cpu, result.deliveries),
    };
    figures.push(...named(burst === 1 ? "trickle, 40 messages/s" : `trickle, in bursts of ${burst}`, values));
  }
  return figures;
}

async function measureTraffic(
  { server, load, warn }: Subject,
  traffic: Traffic,
): Promise<{ result: TrafficResult; cpu: number | null; storeCpu: number | null }> {
  const cpuOf = (pid: number | undefined) => (pid === undefined ? null : cpuMicros(pid));
  const before = [cpuOf(server.pid), cpuOf(server.storePid)];
  const result = await load.call("run", traffic);
  const [cpu = null, storeCpu = null] = [cpuOf(server.pid), cpuOf(server.storePid)].map((after, index) => {
    const begin = before[index] ?? null;
    return after === null || begin === null ? null : after - begin;
  });
  const { deliveries, expectedDeliveries, errors } = result;
  if (deliveries !== expectedDeliveries) {
    warn(`${deliveries} deliveries at ${traffic.perSecond} messages/s, not ${expectedDeliveries}`);
  }
  for (const error of errors) warn(error);
  return { result, cpu, storeCpu };
}

function named(work: string, values: Readonly<Record<string, number | null>>): Figure[] {
  return Object.entries(values).map(([measured, value]) => ({ work, measured, value }));
}

function per(total: number | null, count: number): number | null {
  return total === null || count === 0 ? null : total / count;
}
