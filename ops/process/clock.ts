/** Milliseconds since the epoch that never step back: intervals stay true when the system's clock is set. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
