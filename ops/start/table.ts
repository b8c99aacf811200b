import Table from "cli-table3";
import { counts, milliseconds, moveCounts, percent } from "../experiment/format";
import type { FaultReport, Report, ScenarioReport } from "./report";

/** The report for a person: a column for each scenario, and a row for each fault. */
export function reportTable(report: Report): string {
  const { clients, rooms, messagesPerSecond, seconds, cpus } = report;
  return [
    `A rolling restart under ${clients} clients, ${messagesPerSecond} messages/s in ${rooms} rooms`,
    scenarioTable(report.scenarios),
    ...(report.faults.length === 0 ? [] : ["", "What breaks without notice", faultTable(report.faults)]),
    "",
    `Measured in ${seconds} s on ${cpus} CPU(s). lost, duplicated, out of order: deliveries, of those that were due.`,
    "delay: per client, its slowest message; p50, p99 and max over the clients. Our own: how late the process that",
    "measures was itself, over all samples; on a busy machine it is part of every delay.",
    "moves: how often a client's socket changed its pod. Behind a proxy the client's own socket stays.",
  ].join("\n");
}

/** No colours, so that the table is readable in a file. */
const style = { head: [], border: [], compact: true };

function scenarioTable(scenarios: readonly ScenarioReport[]): string {
  const table = new Table({ head: ["", ...scenarios.map(({ name }) => name)], style });
  const row = (label: string, cell: (scenario: ScenarioReport) => string) =>
    table.push([label, ...scenarios.map(cell)]);
  row("messages sent", ({ sent }) => String(sent));
  row("deliveries due", ({ expected }) => String(expected));
  row("delivered", ({ delivered }) => String(delivered));
  row("lost", ({ lost }) => String(lost));
  row("duplicated", ({ duplicated }) => String(duplicated));
  row("out of order", ({ outOfOrder }) => String(outOfOrder));
  row("told that history is lost", ({ resyncs }) => String(resyncs));
  row("delay p50 / p99 / max, ms", ({ gapMs }) => milliseconds(gapMs));
  row("of this, the clients' process, ms", ({ ownDelayMs }) => milliseconds(ownDelayMs));
  row("met old pod, by client IP", ({ stickiness }) => percent(stickiness.clientIp));
  row("met old pod, by cookie", ({ stickiness }) => percent(stickiness.cookie));
  row("sockets closed, by code", ({ closeCodes }) => counts(closeCodes));
  row("upgrades refused", ({ refused }) => counts(refused));
  row("moves per client, mean / max", ({ moves }) => moveCounts(moves));
  row("pods replaced (killed)", ({ rollout }) => `${rollout.replaced} (${rollout.killed})`);
  row("rollout took", ({ rollout }) => `${rollout.seconds} s`);
  return table.toString();
}

function faultTable(faults: readonly FaultReport[]): string {
  const head = [
    "",
    "with",
    "sent",
    "due",
    "lost",
    "duplicated",
    "out of order",
    "delay p50 / p99 / max, ms",
    "back after p50 / p99 / max, ms",
  ];
  const table = new Table({ head, style });
  for (const { name, scenario, sent, expected, lost, duplicated, outOfOrder, gapMs, resumedMs } of faults) {
    table.push([
      name,
      scenario,
      sent,
      expected,
      lost,
      duplicated,
      outOfOrder,
      milliseconds(gapMs),
      milliseconds(resumedMs),
    ]);
  }
  return table.toString();
}
