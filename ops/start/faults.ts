import type { ClientRecord } from "../load/journal";
import type { Load } from "../load/load";
import { spread, type Spread } from "../load/verdict";
import { now } from "../process/clock";
import { waitUntil } from "../process/wait";
import type { RunningStack } from "./running-stack";

/** Bounds a wait on a machine that is busy. */
const limitMs = 60_000;

/** Something that breaks without notice. */
export interface Fault {
  readonly name: string;
  /** Breaks it, and resolves when all is whole again: with how long the clients that were cut off had to wait. */
  readonly strike: (stack: RunningStack, load: Load) => Promise<Spread>;
}

export const faults: readonly Fault[] = [
  { name: "kill -9 of a pod", strike: killPod },
  { name: "Redis restart", strike: restartRedis },
];

/** Kills the pod that serves most clients: no drain, no close frame, the container starts again. */
async function killPod(stack: RunningStack, load: Load): Promise<Spread> {
  const { clients } = load.journal;
  const servedBy = (name: string) => clients.filter(({ connections }) => connections.at(-1)?.pod === name);
  const ready = (await stack.pods()).filter((pod) => pod.ready);
  const [victim] = ready.toSorted((a, b) => servedBy(b.name).length - servedBy(a.name).length);
  if (victim === undefined) throw new Error("there is no ready pod to kill");
  const struckAt = now();
  const cutOff = servedBy(victim.name);
  await stack.crash(victim.name);
  const resumedAt = (client: ClientRecord) => client.connections.find(({ at }) => at >= struckAt)?.at;
  const resumed = () => cutOff.flatMap((client) => resumedAt(client) ?? []);
  await waitUntil(
    "all clients of the killed pod are served again",
    limitMs,
    () => resumed().length === cutOff.length,
  );
  await stack.rolledOut();
  return spread(resumed().map((at) => at - struckAt));
}

/** Restarts Redis in good order with its data, as Kubernetes moves it to another node: sockets stay open. */
async function restartRedis(stack: RunningStack): Promise<Spread> {
  await stack.restartRedis();
  await stack.rolledOut();
  return spread([]);
}
