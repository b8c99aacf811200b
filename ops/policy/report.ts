import Table from "cli-table3";
import type { Rule, Violation } from "../../infra/policy/rule";
import { isMandatory } from "../../infra/policy/rule";

/** The result for a stack, or for files. */
export interface Verdict {
  readonly of: string;
  readonly resources: number;
  /** The number of workloads whose pods serve WebSockets; without any, most rules do not apply. */
  readonly webSocketWorkloads: number;
  readonly violations: readonly Violation[];
}

/** A result as JSON: each violation with its rule and its object. */
export function toJson({ of, resources, webSocketWorkloads, violations }: Verdict): object {
  return {
    of,
    resources,
    webSocketWorkloads,
    violations: violations.map(({ rule, resource, actual, fix }) => ({
      rule: rule.name,
      severity: rule.severity,
      mandatory: isMandatory(rule),
      object: resource.title,
      actual,
      fix,
      why: rule.why,
    })),
  };
}

/** A result for a person. */
export function toText(verdict: Verdict, rules: readonly Rule[]): string {
  const { of, resources, violations } = verdict;
  const judged = `${of}: ${rules.length} rules over ${resources} resources`;
  const notice = noticeOf(verdict);
  const lines = notice === undefined ? [] : [notice];
  if (violations.length === 0) return [`${judged}: all hold`, ...lines].join("\n");
  const mandatory = violations.filter(({ rule }) => isMandatory(rule)).length;
  return [
    `${judged}: ${mandatory} breaches stop an update, ${violations.length - mandatory} are advice`,
    violationTable(violations),
    ...lines,
  ].join("\n");
}

function noticeOf({ webSocketWorkloads }: Verdict): string | undefined {
  if (webSocketWorkloads > 0) return undefined;
  return (
    "No pods here are labelled as serving WebSockets (app.kubernetes.io/component: websocket-service), so most rules\n" +
    "had nothing to judge; name your own label: --websocket app=chat"
  );
}

/** No colours, as in every table, so that it is readable in a file. */
const style = { head: [], border: [], compact: false };
const columns = {
  head: ["severity", "rule and object", "actual", "what to do"],
  colWidths: [10, 34, 40, 34],
};

function violationTable(violations: readonly Violation[]): string {
  const table = new Table({ ...columns, style, wordWrap: true, wrapOnWordBoundary: false });
  for (const { rule, resource, actual, fix } of violations) {
    table.push([rule.severity, `${rule.name}\n${resource.title}`, actual, fix]);
  }
  return table.toString();
}

/** Every rule for a person. */
export function rulesText(rules: readonly Rule[]): string {
  const table = new Table({
    head: ["rule", "severity", "what must hold", "otherwise"],
    colWidths: [36, 10, 42, 42],
    style,
    wordWrap: true,
  });
  for (const { name, severity, summary, why } of rules) table.push([name, severity, summary, why]);
  return table.toString();
}
