/** Words of PromQL that can be mistaken for a metric. */
const keywords = new Set(["and", "or", "unless", "offset", "bool", "inf", "nan"]);

/** The names of the metrics in an expression, each once. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, "") // strings, which may hold any text
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, "") // matchers and ranges
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ""); // labels
  // Not part of a number or of a duration such as 5m, and not a function.
  const names = [...bare.matchAll(/(?<![\w.:])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !keywords.has(name.toLowerCase()));
}
