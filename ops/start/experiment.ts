import { LoadCrowd } from "../experiment/crowd";
import { rollingRestart } from "../experiment/disturbance";
import { refusals, rolloutReport } from "../experiment/ordeal";
import { lifetimes, type PodAccount, type RunningStack } from "../experiment/running-stack";
import { promisedQuietMs, suffer, type Suffered } from "../experiment/suffer";
import type { Load } from "../load/load";
import { stickiness } from "../load/stickiness";
import type { FaultReport, ScenarioReport } from "./report";
import type { Scenario } from "./scenario";
import type { Size } from "./size";

/** Bounds a wait on a machine that is busy. */
const limitMs = 60_000;
/** After this long without an arrival what is missing is given up: a plain client's lost message never comes. */
const plainQuietMs = 1_000;

export interface Outcome {
  readonly scenario: ScenarioReport;
  readonly faults: readonly FaultReport[];
}

/**
 * Puts a running stack through one scenario: clients connect, some break their connection while all pods
 * live, then messages flow while every pod of the services is replaced. Then come the scenario's faults.
 */
export async function runScenario(
  scenario: Scenario,
  stack: RunningStack,
  load: Load,
  size: Size,
  tell: (step: string) => void,
): Promise<Outcome> {
  const times = {
    steadyMs: size.steadyMs,
    quietMs: scenario.promises === undefined ? plainQuietMs : promisedQuietMs,
  };
  const crowd = new LoadCrowd(load);
  tell("starting the pods");
  await stack.ready();
  tell(`connecting ${size.clients} clients`);
  await load.connect(limitMs);
  tell(`breaking ${size.reconnects} connections while all pods live`);
  await load.reconnect(size.reconnects, limitMs);
  await stack.rolledOut();
  tell("replacing every pod while messages flow");
  const restarted = await suffer(rollingRestart, stack, crowd, times);
  const report = scenarioReport(scenario, restarted, await stack.pods());
  const suffered: FaultReport[] = [];
  for (const fault of scenario.faults) {
    tell(fault.name);
    const { ordeal, resumedMs } = await suffer(fault, stack, crowd, times);
    suffered.push({ ...ordeal, scenario: scenario.name, resumedMs });
  }
  return { scenario: report, faults: suffered };
}

function scenarioReport(
  { name, proxied }: Scenario,
  { ordeal, disturbed, findings }: Suffered,
  pods: readonly PodAccount[],
): ScenarioReport {
  return {
    ...ordeal,
    name,
    stickiness: proxied ? { clientIp: null, cookie: null } : stickiness(findings.traces, lifetimes(pods)),
    refused: refusals(findings.traces),
    rollout: rolloutReport(pods, disturbed.to - disturbed.from),
  };
}
