import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

/** Clock ticks per second in /proc/PID/stat: 100 on every Linux on which Node runs. */
const ticksPerSecond = 100;

/** CPU time of a process so far, user and system. Microseconds. */
export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Resident memory of a process. MiB. */
export function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;
}

/** The commands that Redis has run since the last CONFIG RESETSTAT, by name. Commands inside scripts are included. */
export async function commandCalls(redis: Redis): Promise<Map<string, number>> {
  const calls = new Map<string, number>();
  for (const [, name = "", count] of (await redis.info("commandstats")).matchAll(
    /cmdstat_(\S+?):calls=(\d+)/g,
  )) {
    if (name !== "config|resetstat") calls.set(name, Number(count));
  }
  return calls;
}

export function total(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}
