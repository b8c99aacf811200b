import { rules } from "../../infra/policy/rules";
import { isMandatory } from "../../infra/policy/rule";
import { markdownTable } from "./markdown-table";

/** The rules as a Markdown table. */
export function rulesReference(): string {
  const rows = rules.map((rule) => [
    `\`${rule.name}\``,
    rule.severity,
    isMandatory(rule) ? "stops" : "advice",
    rule.summary,
    rule.why,
    sentence(rule.fix),
  ]);
  return markdownTable(["Rule", "Severity", "Update", "What must hold", "Otherwise", "What to do"], rows);
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
