const firstMs = 10_000;
const longestMs = 300_000;
/** After a container has run this long, its earlier crashes no longer count. */
const resetAfterMs = 600_000;

/** How often a container has crashed recently. */
export interface CrashRecord {
  readonly crashes: number;
}

/** Counts a crash: after ten minutes without one, earlier crashes no longer count. */
export function afterCrash(record: CrashRecord, ranMs: number): CrashRecord {
  return { crashes: ranMs >= resetAfterMs ? 1 : record.crashes + 1 };
}

/** The kubelet's wait before it restarts a crashed container: none the first time, then 10 s, doubling up to 5 min. */
export function restartDelayMs({ crashes }: CrashRecord): number {
  return crashes <= 1 ? 0 : Math.min(longestMs, firstMs * 2 ** (crashes - 2));
}
