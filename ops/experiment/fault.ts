import { setTimeout as delay } from "node:timers/promises";
import { spread, type Spread } from "../load/verdict";
import type { ClientPool } from "./client-pool";
import type { RunningStack } from "./running-stack";

/** Limits a wait, also on a busy machine. Milliseconds. */
const limitMs = 60_000;
/** The pause between two checks of all clients. Milliseconds. */
const pollMs = 100;

/** A fault that is injected into a stack with live clients. */
export interface Fault<Stack = RunningStack> {
  readonly name: string;
  /** Injects the fault, and resolves once everything works again. Returns how long the clients that it cut off had to wait. */
  readonly inject: (stack: Stack, pool: Pick<ClientPool, "traces">) => Promise<Spread>;
}

/** Every pod is replaced gracefully. */
export const rollingRestart: Fault = { name: "rolling restart", inject: restartPods };

/** A pod is killed without notice. */
export const killedPod: Fault = { name: "kill -9 of a pod", inject: killPod };

/** Redis restarts gracefully with its data, as when Kubernetes moves it to another node; sockets stay open. */
export const redisRestart: Fault = { name: "Redis restart", inject: restartRedis };

async function restartPods(stack: RunningStack): Promise<Spread> {
  await stack.restartDeployments();
  await stack.rolledOut();
  await stack.settled();
  return spread([]);
}

/** Kills the pod that serves most clients: no drain, no close frame, and the container is restarted. */
async function killPod(stack: RunningStack, pool: Pick<ClientPool, "traces">): Promise<Spread> {
  const clients = await pool.traces();
  const servedBy = (name: string) => clients.filter(({ connections }) => connections.at(-1)?.pod === name);
  const ready = (await stack.pods()).filter((pod) => pod.ready);
  const [victim] = ready.toSorted((a, b) => servedBy(b.name).length - servedBy(a.name).length);
  if (victim === undefined) throw new Error("there is no ready pod to kill");
  const cutOff = new Set(servedBy(victim.name).map(({ name }) => name));
  const struckAt = await stack.crash(victim.name);
  const resumedMs = await allBack(pool, cutOff, struckAt);
  await stack.rolledOut();
  return spread(resumedMs);
}

async function restartRedis(stack: RunningStack): Promise<Spread> {
  await stack.restartRedis();
  await stack.rolledOut();
  return spread([]);
}

/** Waits until all these clients are served again; returns how long each took. */
async function allBack(
  pool: Pick<ClientPool, "traces">,
  names: ReadonlySet<string>,
  since: number,
): Promise<number[]> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const cutOff = (await pool.traces()).filter(({ name }) => names.has(name));
    const back = cutOff.flatMap(({ connections }) => connections.find(({ at }) => at >= since)?.at ?? []);
    if (back.length === names.size) return back.map((at) => at - since);
    if (performance.now() > deadline) {
      const missing = names.size - back.length;
      throw new Error(
        `${missing} of ${names.size} clients of the killed pod are not served again after ${limitMs} ms`,
      );
    }
    await delay(pollMs);
  }
}
