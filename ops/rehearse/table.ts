import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import { counts, moveCounts, percent, times } from "../experiment/format";
import { wrapWords } from "../terminal/wrap";
import type { TrialReport, Report } from "./report";

// No colours in the head, because the table may go into a file or a chat.
const style = { head: [], border: [], compact: true };

/**
 * The report for a person: the verdict, then a column for each fault.
 *
 * @param columns the width of the terminal: faults that do not fit are put into a table below
 */
export function reportTable(report: Report, columns = Infinity): string {
  const { stack, namespace, context, clients, rooms, messagesPerSecond } = report;
  return [
    wrapWords(
      `Stack ${stack} in ${namespace} of ${context}: ${clients} clients, ${messagesPerSecond} messages/s in ${rooms} rooms`,
      columns,
    ),
    ...tables(report, columns),
    wrapWords(
      `Met their old pod while it was ready: by client IP ${percent(report.stickiness.clientIp)}, by cookie ` +
        `${percent(report.stickiness.cookie)}. Upgrades refused: ${counts(report.refused)}.`,
      columns,
    ),
    wrapWords(verdictLine(report), columns),
  ].join("\n");
}

/** The smallest number of tables that fit the width. */
function tables(report: Report, columns: number): string[] {
  const { trials } = report;
  const made: string[] = [];
  for (let from = 0, to; from < trials.length; from = to) {
    for (to = trials.length; to > from + 1; to--) {
      const [line = ""] = tableOf(report, trials.slice(from, to)).split("\n");
      if (stripVTControlCharacters(line).length <= columns) break;
    }
    made.push(tableOf(report, trials.slice(from, to)));
  }
  return made;
}

function tableOf({ plainClients }: Report, trials: readonly TrialReport[]): string {
  const table = new Table({ head: ["", ...trials.map(({ name }) => name)], style });
  const row = (label: string, cell: (trial: TrialReport) => string) =>
    table.push([label, ...trials.map(cell)]);
  row("messages sent", ({ sent }) => String(sent));
  row("deliveries due", ({ expected }) => String(expected));
  row("lost", ({ lost }) => String(lost));
  row("duplicated", ({ duplicated }) => String(duplicated));
  row("out of order", ({ outOfOrder }) => String(outOfOrder));
  row("told that history is lost", ({ resyncs }) => String(resyncs));
  row("gap p50 / p99 / max", ({ gapMs }) => times(gapMs));
  row("of this, the clients' process", ({ ownDelayMs }) => times(ownDelayMs));
  row("cut off, back after p50 / p99 / max", ({ resumedMs }) => times(resumedMs));
  row("sockets closed, by code", ({ closeCodes }) => counts(closeCodes));
  row("moves per client, mean / max", ({ moves }) => moveCounts(moves));
  row("pods that ended (killed)", ({ rollout }) => `${rollout.replaced} (${rollout.killed})`);
  row("took", ({ rollout }) => `${rollout.seconds} s`);
  if (plainClients > 0) {
    row("clients that only reconnect lost", ({ plain }) =>
      plain === undefined ? "-" : `${plain.lost} of ${plain.expected}`,
    );
  }
  return table.toString();
}

/** The result in one sentence. */
export function verdictLine({ kept, trials }: Pick<Report, "kept" | "trials">): string {
  const total = (of: (trial: TrialReport) => number) => trials.reduce((sum, each) => sum + of(each), 0);
  if (kept) return `Nothing was lost and nothing came twice: ${total((each) => each.expected)} deliveries.`;
  if (trials.some(({ sent }) => sent === 0)) return "Nothing was sent, so nothing is shown.";
  const [lost, twice, disordered] = [
    total((each) => each.lost),
    total((each) => each.duplicated),
    total((each) => each.outOfOrder),
  ];
  return `Users would have noticed: ${lost} lost, ${twice} duplicated, ${disordered} out of order.`;
}
