import type { Report } from "../../ops/doctor/report";
import { opsCommand } from "./ops-command";
import { deploy, namespacePrefix, type DeployedService } from "./stack";

const namespace = `${namespacePrefix}-doctor`;
const host = "doctor.nova.social";

let messaging: DeployedService;
let streaming: DeployedService;

beforeAll(async () => {
  const stack = await deploy(namespace, {
    host,
    services: [
      { name: "messaging-service", path: "/messaging", replicas: 3 },
      { name: "streaming-service", path: "/streaming", replicas: 2 },
    ],
    drain: { preStopSeconds: 4, drainSeconds: 2, gracePeriodSeconds: 11 },
    minReadySeconds: 1,
  });
  [messaging, streaming] = stack.services as [DeployedService, DeployedService];
}, 300_000);

describe("the doctor, on a stack that runs", () => {
  it("finds nothing wrong with a healthy one, through the API server alone", async () => {
    const { code, report } = await doctor();
    expect(troubles(report)).toEqual({});
    expect(code).toBe(0);
    expect([messaging.name, streaming.name]).toHaveLength(2);
  }, 120_000);
});

/** What is not well, by check, each status once. */
function troubles({ answers }: Report): Record<string, string[]> {
  return Object.fromEntries(
    answers.flatMap(({ check, findings }) => {
      const statuses = findings.map(({ status }) => status).filter((status) => status !== "ok");
      return statuses.length === 0 ? [] : [[check, [...new Set(statuses)].sort()]];
    }),
  );
}

async function doctor(): Promise<{ code: number; report: Report }> {
  const about = ["--stack", "staging", "--namespace", namespace, "--host", host];
  const { code, stdout, stderr } = await opsCommand("doctor", ...about, "--json");
  if (stdout === "") throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as Report };
}
