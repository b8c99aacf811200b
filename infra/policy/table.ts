import { isMandatory, type Rule } from "./rule";

/** The rules as a table of Markdown; docs/policies.md holds it, and a test keeps it so. */
export function rulesTable(rules: readonly Rule[]): string {
  const rows = rules.map((rule) => [
    `\`${rule.name}\``,
    rule.severity,
    isMandatory(rule) ? "stops" : "advice",
    rule.summary,
    rule.why,
    sentence(rule.fix),
  ]);
  const head = ["Rule", "Severity", "Update", "What must hold", "Otherwise", "What to do"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], filler = " ") =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(" | ")} |`;
  return [
    line(head),
    line(
      head.map(() => ""),
      "-",
    ),
    ...rows.map((cells) => line(cells)),
  ].join("\n");
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
