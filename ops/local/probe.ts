import type { Probe } from "./manifest";

/** A probe's times and thresholds, with Kubernetes' defaults. */
export interface ProbeTimes {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** How many successes in a row change the result. */
  readonly successThreshold: number;
  /** How many failures in a row change the result. */
  readonly failureThreshold: number;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe has the defaults. */
export function probeTimes(probe: Probe): ProbeTimes {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1_000,
    periodMs: (probe.periodSeconds ?? 10) * 1_000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1_000,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

/** The state of a probe: its result, and the number of equal answers in a row. */
export interface ProbeState {
  /** `unknown` until a threshold is first reached. */
  readonly verdict: "unknown" | "success" | "failure";
  readonly last: boolean | undefined;
  readonly run: number;
}

export const unprobed: ProbeState = { verdict: "unknown", last: undefined, run: 0 };

/** Handles one answer as the kubelet's prober does: the result changes only after enough equal answers in a row. */
export function observe(state: ProbeState, ok: boolean, times: ProbeTimes): ProbeState {
  const run = state.last === ok ? state.run + 1 : 1;
  const reached = run >= (ok ? times.successThreshold : times.failureThreshold);
  return { verdict: reached ? (ok ? "success" : "failure") : state.verdict, last: ok, run };
}

/**
 * Probes repeatedly, first after the initial delay, then every period, and reports the result after each probe. Returns a
 * function that stops it.
 */
export function probeRepeatedly(
  times: ProbeTimes,
  ask: () => Promise<boolean>,
  onVerdict: (verdict: ProbeState["verdict"]) => void,
): () => void {
  let state = unprobed;
  let stopped = false;
  let timer: NodeJS.Timeout;
  const round = async () => {
    const begun = performance.now();
    const ok = await ask();
    if (stopped) return;
    state = observe(state, ok, times);
    timer = setTimeout(() => void round(), Math.max(0, times.periodMs - (performance.now() - begun)));
    onVerdict(state.verdict);
  };
  timer = setTimeout(() => void round(), times.initialDelayMs);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
