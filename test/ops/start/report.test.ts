import { stripVTControlCharacters } from "node:util";
import type { Report } from "../../../ops/start/report";
import { reportTable } from "../../../ops/start/table";

const verdict = {
  sent: 100,
  expected: 2_500,
  delivered: 2_493,
  lost: 7,
  duplicated: 0,
  outOfOrder: 0,
  gapMs: { p50: 4.2, p99: 81.7, max: 93 },
};
const trial = {
  ...verdict,
  ownDelayMs: { p50: 0.2, p99: 11, max: 23.6 },
  closeCodes: {},
  resyncs: 0,
  moves: { mean: 1.4, max: 3 },
};
const report: Report = {
  stack: "local",
  clients: 500,
  rooms: 20,
  messagesPerSecond: 50,
  cpus: 2,
  node: "v20.20.0",
  seconds: 71.3,
  scenarios: [
    {
      name: "nothing",
      ...trial,
      stickiness: { clientIp: 0.3333, cookie: null },
      closeCodes: { 1006: 2, 1012: 668 },
      refused: {},
      rollout: { seconds: 8.1, replaced: 6, killed: 1 },
    },
  ],
  faults: [
    {
      name: "kill -9 of a pod",
      scenario: "holdfast",
      ...trial,
      resumedMs: { p50: 120, p99: 300, max: 310 },
    },
  ],
};

describe("reportTable", () => {
  it("shows each figure as it was measured", () => {
    const text = stripVTControlCharacters(reportTable(report));
    const cells = (label: string) =>
      (text.split("\n").find((line) => line.includes(`│ ${label} `)) ?? "")
        .split("│")
        .map((cell) => cell.trim());
    expect(cells("lost")).toContain("7");
    expect(cells("delay p50 / p99 / max, ms")).toContain("4 / 82 / 93");
    expect(cells("of this, the clients' process, ms")).toContain("0 / 11 / 24");
    expect(cells("met old pod, by client IP")).toContain("33.3 %");
    expect(cells("met old pod, by cookie")).toContain("-");
    expect(cells("sockets closed, by code")).toContain("1006: 2, 1012: 668");
    expect(cells("upgrades refused")).toContain("-");
    expect(cells("pods replaced (killed)")).toContain("6 (1)");
    expect(cells("rollout took")).toContain("8.1 s");
    expect(cells("moves per client, mean / max")).toContain("1.40 / 3");
    expect(cells("kill -9 of a pod")).toContain("120 / 300 / 310");
    expect(text).toContain("500 clients, 50 messages/s in 20 rooms");
    expect(text).toContain("Measured in 71.3 s on 2 CPU(s)");
  });
});
