/** Words of PromQL that stand where a metric could. */
const keywords = new Set(["and", "or", "unless", "offset", "bool", "inf", "nan"]);

/** The names of the metrics that an expression reads, each once. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, "") // strings, in which anything may stand
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, "") // matchers and ranges
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ""); // labels
  // Not inside a number or duration such as 5m, and no function.
  const names = [...bare.matchAll(/(?<![\w.:])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !keywords.has(name.toLowerCase()));
}
