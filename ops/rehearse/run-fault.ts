import type { Fault } from "../experiment/fault";
import { guaranteedQuietMs, runTrial } from "../experiment/run-trial";
import { rolloutReport } from "../experiment/trial";
import { placement } from "../load/placement";
import { verdictOf } from "../load/verdict";
import type { ClusterStack } from "./cluster/cluster-stack";
import type { ComparedClientPool } from "./compared-client-pool";
import { stepMs } from "./load/generator";
import type { Options } from "./options";
import type { TrialReport } from "./report";

/** Injects one fault while messages flow, and reports its effect. */
export async function runFault(
  fault: Fault<ClusterStack>,
  stack: ClusterStack,
  pool: ComparedClientPool,
  { steady }: Options,
): Promise<TrialReport> {
  const times = { steadyMs: steady * 1_000, quietMs: guaranteedQuietMs };
  const { trial, resumedMs, faultWindow, findings } = await runTrial(fault, stack, pool, times);
  const { window, timeline, traces, plain } = findings;
  const ended = stack.histories.filter(
    ({ deletedAt }) => deletedAt !== undefined && deletedAt >= window.from,
  );
  return {
    ...trial,
    resumedMs,
    window,
    faultWindow,
    rollout: rolloutReport(ended, faultWindow.to - faultWindow.from),
    timeline,
    placement: placement(traces, window, stepMs),
    plain: plain && verdictOf(plain.statistics),
  };
}
