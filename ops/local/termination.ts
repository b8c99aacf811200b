import { setTimeout as delay } from "node:timers/promises";
import type { Child } from "../process/child";
import { now } from "../process/clock";
import { httpGet, httpGetOf } from "./http-get";
import { type Lifecycle, UnsupportedManifestError } from "./manifest";

/** The action of a preStop hook: a request that ends when it is answered, or a wait. */
export type PreStop = (limitMs: number) => Promise<void>;

/** The times of each step of a container's end; milliseconds since the epoch. */
export interface Termination {
  readonly beganAt: number;
  readonly sigtermAt: number;
  readonly exitedAt: number;
  /** True if the grace period was over and SIGKILL ended it. */
  readonly killed: boolean;
}

/** The shortest time that the kubelet leaves between SIGTERM and SIGKILL. */
const shortestShutdownMs = 2_000;

/** The container's preStop hook. Throws for a kind that the local runner does not support. */
export function preStopOf(
  lifecycle: Lifecycle | undefined,
  address: string,
  ports: Readonly<Record<string, number>>,
): PreStop {
  const hook = lifecycle?.preStop;
  if (hook === undefined) return () => Promise.resolve();
  if (hook.httpGet !== undefined) {
    const target = httpGetOf(hook.httpGet, address, ports);
    // A failed hook is an event in Kubernetes; the container is ended anyway.
    return async (limitMs) => {
      await httpGet(target, limitMs);
    };
  }
  if (hook.sleep !== undefined) {
    const sleepMs = hook.sleep.seconds * 1_000;
    return (limitMs) => delay(Math.min(sleepMs, limitMs), undefined, { ref: false });
  }
  throw new UnsupportedManifestError(
    "preStop has neither httpGet nor sleep; the local runner supports no other hook",
  );
}

/** Time from SIGTERM to SIGKILL, in milliseconds: the grace period without preStop, at least 2 s. */
export function killAfterMs(graceMs: number, preStopMs: number): number {
  return Math.max(shortestShutdownMs, graceMs - preStopMs);
}

/**
 * Ends a container as the kubelet does: preStop, then SIGTERM, then SIGKILL at the end of the grace period, which begins with
 * preStop. Resolves once the process has ended.
 */
export async function terminate(child: Child, preStop: PreStop, graceMs: number): Promise<Termination> {
  const beganAt = now();
  await Promise.race([preStop(graceMs), child.exited]);
  const sigtermAt = now();
  child.kill("SIGTERM");
  let killed = false;
  const timer = setTimeout(
    () => {
      killed = true;
      child.kill("SIGKILL");
    },
    killAfterMs(graceMs, sigtermAt - beganAt),
  );
  await child.exited;
  clearTimeout(timer);
  return { beganAt, sigtermAt, exitedAt: now(), killed };
}
