import { availableParallelism } from "node:os";
import { Load } from "../load/load";
import { ensureRedis } from "../redis/install";
import type { SecretOf } from "../render/stack-config";
import { runScenario } from "./experiment";
import { withAndWithoutProxies } from "./proxied";
import { generatedSecrets } from "./local-stack";
import { buildApplication } from "./prepare";
import { showProgress, type Step } from "../terminal/progress";
import type { FaultReport, Report, ScenarioReport } from "./report";
import { type Scenario, scenarios } from "./scenario";
import type { Size } from "./size";
import type { RemoteStack, StackRunner } from "./remote-stack";

export interface Prepared<Rendered> {
  readonly rendered: Rendered;
  readonly redisPassword: string;
}

/** Prepares everything that a stack needs here: Redis, the built application, the manifests with real secrets. */
export async function prepare<Rendered>(
  stack: string,
  render: (stack: string, secrets: SecretOf) => Promise<Rendered>,
): Promise<Prepared<Rendered>> {
  const secrets = generatedSecrets();
  const rendering = render(stack, secrets);
  await showProgress(
    [
      {
        title: "Find Redis, or install it",
        run: async (report) => {
          await ensureRedis(report);
        },
      },
      { title: "Build the application", run: buildApplication },
      {
        title: `Render the manifests of stack ${stack}`,
        run: async () => {
          await rendering;
        },
      },
    ],
    { concurrent: true },
  );
  return { rendered: await rendering, redisPassword: secrets("redis-password") };
}

/** Runs every scenario on its own stack with fresh data, one after the other. */
export async function compare(stack: string, size: Size, runner: StackRunner): Promise<Report> {
  const { rendered, redisPassword } = await prepare(stack, withAndWithoutProxies);
  const reports: ScenarioReport[] = [];
  const faults: FaultReport[] = [];
  const start = ({ name, adapt, proxied }: Scenario) =>
    runner.start({ objects: adapt(proxied ? rendered.proxied : rendered.direct), redisPassword, name });
  let rooms = 0;
  let next: RemoteStack | undefined;
  const steps = scenarios.map((scenario, index): Step => ({
    title: `${scenario.name}: ${scenario.title}`,
    run: async (report) => {
      const running = next ?? start(scenario);
      const { clients, roomsPerService, rate } = size;
      const targets = await running.targets();
      const load = new Load({ targets, clients, roomsPerService, rate, makeClient: scenario.makeClient });
      const outcome = await runScenario(scenario, running, load, size, report);
      reports.push(outcome.scenario);
      faults.push(...outcome.faults);
      rooms = new Set(load.journal.clients.map(({ room }) => room)).size;
      // Nothing is measured any more, so the pods of the next scenario may start while these end.
      const following = scenarios[index + 1];
      next = following && start(following);
      await load.stop();
      await running.stop();
    },
  }));
  await showProgress(steps);
  return {
    stack,
    clients: size.clients,
    rooms,
    messagesPerSecond: size.rate,
    cpus: availableParallelism(),
    node: process.version,
    seconds: Math.round(performance.now() / 100) / 10,
    scenarios: reports,
    faults,
  };
}
