import type { Drain } from "../../infra/timing";
import type { Pod } from "./snapshot";
import { environment, serving } from "./subjects";

/** Kubernetes' default grace period. Seconds. */
const defaultGraceSeconds = 30;

/** The times with which a pod really runs, read from its spec. Seconds. */
export interface PodTimes extends Drain {
  readonly pingSeconds: number | undefined;
  readonly sessionTtlSeconds: number | undefined;
  /** How its preStop hook waits. */
  readonly hook: "http" | "sleep" | "exec" | "none";
}

/** Reads the times of a pod or a pod template. For variables that are not set, uses the application's defaults. */
export function podTimes(spec: Pod["spec"]): PodTimes {
  const container = serving(spec);
  const env = environment(container);
  const seconds = (name: string) => (env[name] === undefined ? undefined : Number(env[name]));
  const preStop = container?.lifecycle?.preStop;
  const base = {
    drainSeconds: seconds("DRAIN_SECONDS") ?? 0,
    gracePeriodSeconds: spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds,
    pingSeconds: seconds("PING_INTERVAL_SECONDS"),
    sessionTtlSeconds: seconds("SESSION_TTL_SECONDS"),
  };
  if (preStop?.httpGet !== undefined) {
    return { ...base, hook: "http", preStopSeconds: seconds("PRE_STOP_SECONDS") ?? 0 };
  }
  if (preStop?.sleep !== undefined) return { ...base, hook: "sleep", preStopSeconds: preStop.sleep.seconds };
  if (preStop?.exec !== undefined) {
    const slept = /\bsleep\s+(\d+)/.exec((preStop.exec.command ?? []).join(" "))?.[1];
    return { ...base, hook: "exec", preStopSeconds: Number(slept ?? 0) };
  }
  return { ...base, hook: "none", preStopSeconds: 0 };
}
