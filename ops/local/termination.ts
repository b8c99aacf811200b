import { setTimeout as delay } from "node:timers/promises";
import type { Child } from "../process/child";
import { now } from "../process/clock";
import { httpGet, httpGetOf } from "./http-get";
import { type Lifecycle, UnsupportedManifestError } from "./manifest";

/** What a preStop hook does: a request that ends when it is answered, or a wait. */
export type PreStop = (limitMs: number) => Promise<void>;

/** When each step of a container's end happened; milliseconds since the epoch. */
export interface Termination {
  readonly beganAt: number;
  readonly sigtermAt: number;
  readonly exitedAt: number;
  /** The grace period ran out, and SIGKILL ended it. */
  readonly killed: boolean;
}

/** The kubelet leaves every process at least this long between SIGTERM and SIGKILL. */
const shortestShutdownMs = 2_000;

/** The container's preStop hook. Throws on a kind that the local runner does not know. */
export function preStopOf(
  lifecycle: Lifecycle | undefined,
  address: string,
  ports: Readonly<Record<string, number>>,
): PreStop {
  const hook = lifecycle?.preStop;
  if (hook === undefined) return () => Promise.resolve();
  if (hook.httpGet !== undefined) {
    const target = httpGetOf(hook.httpGet, address, ports);
    // A hook that fails is an event in Kubernetes; the container is ended all the same.
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

/** When SIGKILL is due, milliseconds after SIGTERM: what preStop left of the grace period, at least 2 s. */
export function killAfterMs(graceMs: number, preStopMs: number): number {
  return Math.max(shortestShutdownMs, graceMs - preStopMs);
}

/**
 * Ends a container as the kubelet does: preStop, then SIGTERM, then SIGKILL when the grace period, counted
 * from the start of preStop, is over. Resolves when the process has ended.
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
