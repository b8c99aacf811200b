import type { Moves } from "../load/moves";
import type { Spread } from "../load/verdict";

/** `p50 / p99 / max` in whole milliseconds, with their unit; a dash if nothing was measured. */
export function times(spread: Spread): string {
  const figures = milliseconds(spread);
  return figures === "-" ? figures : `${figures} ms`;
}

/** The same without the unit. */
export function milliseconds({ p50, p99, max }: Spread): string {
  if (p50 === null || p99 === null || max === null) return "-";
  return `${Math.round(p50)} / ${Math.round(p99)} / ${Math.round(max)}`;
}

/** `mean / max` of the moves per client; a dash if there were no clients. */
export function moveCounts({ mean, max }: Moves): string {
  return mean === null || max === null ? "-" : `${mean.toFixed(2)} / ${max}`;
}

/** A share in percent with one decimal; a dash if nothing was measured. */
export function percent(share: number | null): string {
  return share === null ? "-" : `${Math.round(share * 1_000) / 10} %`;
}

/** `value: count`, by value; a dash for none. */
export function counts(values: Readonly<Record<string, number>>): string {
  const parts = Object.entries(values).map(([value, count]) => `${value}: ${count}`);
  return parts.length === 0 ? "-" : parts.join(", ");
}
