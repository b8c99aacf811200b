import { LoadClientPool } from "../experiment/client-pool";
import { rollingRestart } from "../experiment/fault";
import { refusals, rolloutReport } from "../experiment/trial";
import { lifetimes, type PodRecord, type RunningStack } from "../experiment/running-stack";
import { guaranteedQuietMs, runTrial, type TrialRun } from "../experiment/run-trial";
import type { Load } from "../load/load";
import { stickiness } from "../load/stickiness";
import type { FaultReport, ScenarioReport } from "./report";
import type { Scenario } from "./scenario";
import type { Size } from "./size";

/** Limits a wait, also on a busy machine. Milliseconds. */
const limitMs = 60_000;
/**
 * After this time without an arrival, missing messages count as lost: a plain client's lost messages never come. Milliseconds.
 */
const plainQuietMs = 1_000;

export interface Outcome {
  readonly scenario: ScenarioReport;
  readonly faults: readonly FaultReport[];
}

/**
 * Runs one scenario on a running stack: clients connect, some break their connection while all pods live, then messages flow
 * while every pod of the services is replaced. Then the scenario's faults follow.
 */
export async function runScenario(
  scenario: Scenario,
  stack: RunningStack,
  load: Load,
  size: Size,
  onStep: (step: string) => void,
): Promise<Outcome> {
  const times = {
    steadyMs: size.steadyMs,
    quietMs: scenario.guarantees === undefined ? plainQuietMs : guaranteedQuietMs,
  };
  const pool = new LoadClientPool(load);
  onStep("starting the pods");
  await stack.ready();
  onStep(`connecting ${size.clients} clients`);
  await load.connect(limitMs);
  onStep(`breaking ${size.reconnects} connections while all pods live`);
  await load.reconnect(size.reconnects, limitMs);
  await stack.rolledOut();
  onStep("replacing every pod while messages flow");
  const restarted = await runTrial(rollingRestart, stack, pool, times);
  const report = scenarioReport(scenario, restarted, await stack.pods());
  const runs: FaultReport[] = [];
  for (const fault of scenario.faults) {
    onStep(fault.name);
    const { trial, resumedMs } = await runTrial(fault, stack, pool, times);
    runs.push({ ...trial, scenario: scenario.name, resumedMs });
  }
  return { scenario: report, faults: runs };
}

function scenarioReport(
  { name, proxied }: Scenario,
  { trial, faultWindow, findings }: TrialRun,
  pods: readonly PodRecord[],
): ScenarioReport {
  return {
    ...trial,
    name,
    stickiness: proxied ? { clientIp: null, cookie: null } : stickiness(findings.traces, lifetimes(pods)),
    refused: refusals(findings.traces),
    rollout: rolloutReport(pods, faultWindow.to - faultWindow.from),
  };
}
