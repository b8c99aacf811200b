/**
 * The names of series in a PromQL expression, and some that are none: functions, labels to group by, keywords. Good
 * enough to look for names that begin in a certain way.
 */
export function seriesIn(expression: string): string[] {
  const bare = expression
    .replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/#.*$/gm, "");
  return [...new Set(bare.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g) ?? [])];
}
