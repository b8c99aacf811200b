const firstMs = 10_000;
const longestMs = 300_000;
/** A container that ran this long starts with a clean record. */
const forgivenAfterMs = 600_000;

/** How often a container has crashed lately. */
export interface CrashRecord {
  readonly crashes: number;
}

/** Takes in a crash: after ten good minutes earlier ones are forgotten. */
export function afterCrash(record: CrashRecord, ranMs: number): CrashRecord {
  return { crashes: ranMs >= forgivenAfterMs ? 1 : record.crashes + 1 };
}

/** The kubelet's wait before it starts a crashed container again: none the first time, then 10 s, doubling to 5 min. */
export function restartDelayMs({ crashes }: CrashRecord): number {
  return crashes <= 1 ? 0 : Math.min(longestMs, firstMs * 2 ** (crashes - 2));
}
