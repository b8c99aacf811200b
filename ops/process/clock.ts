/** Milliseconds since the epoch that never decrease: intervals stay correct if the system's clock is changed. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
