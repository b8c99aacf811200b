/** Nearest-rank percentile, so the result is always one of the values; null for no values. `share` is from 0 to 1. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
