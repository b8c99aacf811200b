import { setTimeout as pause } from "node:timers/promises";
import { residentMiB } from "./usage";

/** Asks a process that was started with {@link collectable} to collect its garbage. */
const collectSignal = "SIGUSR2";

/** Arguments for Node with which a process collects its garbage when it is asked to, so that memory is what is kept. */
export const collectable = [
  "--expose-gc",
  "--import",
  `data:text/javascript,process.on('${collectSignal}',()=>globalThis.gc())`,
] as const;

/** Resident memory of a process once it has collected its garbage, if it can be asked to. KiB. */
export async function settledKiB(pid: number, isCollectable: boolean): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    if (isCollectable) process.kill(pid, collectSignal);
    await pause(500);
  }
  return residentMiB(pid) * 1_024;
}
