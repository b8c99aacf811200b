import type { Answer } from "./check";
import { painter, type Paint, type Style } from "../terminal/paint";
import { wrapWords } from "../terminal/wrap";
import { exitCode, type Finding, type Status } from "./finding";

/** A diagnosis of one stack. */
export interface Report {
  readonly stack: string;
  readonly namespace: string;
  readonly context: string;
  readonly kubernetes: string;
  /** The meaning of the exit code. */
  readonly verdict: "ok" | "warning" | "broken";
  readonly counts: Readonly<Record<Status, number>>;
  readonly answers: readonly Answer[];
}

export function makeReport(
  about: Omit<Report, "verdict" | "counts" | "answers">,
  answers: readonly Answer[],
): Report {
  const findings = answers.flatMap((each) => each.findings);
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length;
  return {
    ...about,
    verdict: (["ok", "warning", "broken"] as const)[exitCode(findings)],
    counts: { ok: count("ok"), warn: count("warn"), fail: count("fail"), unknown: count("unknown") },
    answers,
  };
}

const marks: Readonly<Record<Status, readonly [mark: string, style: Style]>> = {
  ok: ["ok", "green"],
  warn: ["warn", "yellow"],
  fail: ["FAIL", "red"],
  unknown: ["?", "magenta"],
};

export interface TextOptions {
  readonly colours: boolean;
  /** Also lists what is ok, with its evidence. */
  readonly all: boolean;
  /** The width of the terminal; default: lines are not wrapped. */
  readonly columns?: number;
}

/** The report for a person: one line for each check, with its problems below. */
export function reportText(report: Report, { colours, all, columns = Infinity }: TextOptions): string {
  const paint = painter(colours);
  const width = Math.max(...report.answers.map(({ check }) => check.length));
  const lines = report.answers.flatMap(({ check, title, findings }) => {
    const worst = worstOf(findings);
    const [mark, style] = worst === undefined ? (["-", "gray"] as const) : marks[worst];
    const applies = findings.length === 0 ? " (does not apply here)" : "";
    const indent = 4 + 2 + width + 2;
    const about = wrapWords(title + applies, columns, { lead: indent, indent });
    const head = `${paint(style, mark.padEnd(4))}  ${check.padEnd(width)}  ${findings.length === 0 ? paint("gray", about) : about}`;
    const shown = findings.filter(({ status }) => all || status !== "ok");
    return [head, ...shown.flatMap((finding) => describe(finding, columns, paint))];
  });
  const { counts } = report;
  return [
    wrapWords(
      `Stack ${report.stack} in namespace ${report.namespace} of ${report.context} (Kubernetes ${report.kubernetes})`,
      columns,
    ),
    "",
    ...lines,
    "",
    wrapWords(
      `${report.answers.length} checks: ${counts.ok} ok, ${counts.warn} warnings, ${counts.fail} failures, ${counts.unknown} unknown`,
      columns,
    ),
  ].join("\n");
}

function worstOf(findings: readonly Finding[]): Status | undefined {
  const order: readonly Status[] = ["fail", "unknown", "warn", "ok"];
  return order.find((status) => findings.some((finding) => finding.status === status));
}

function describe(finding: Finding, columns: number, paint: Paint): string[] {
  const [mark, style] = marks[finding.status];
  const margin = " ".repeat(6);
  const line = (label: string, text: string | undefined) =>
    text === undefined ? [] : [`${margin}  ${paint("gray", label.padEnd(5))} ${text}`];
  const wrapped = (label: string, text: string | undefined) =>
    line(label, text && wrapWords(text, columns, { lead: 14, indent: 14 }));
  const what = `${finding.subject}: ${finding.what}`;
  return [
    `${margin}${paint(style, mark)} ${wrapWords(what, columns, { lead: 6 + mark.length + 1, indent: 8 })}`,
    ...wrapped("seen", finding.evidence),
    ...wrapped("why", finding.why),
    ...line("fix", finding.fix), // not wrapped, so that the command can be copied
  ];
}
