import { setTimeout as pause } from "node:timers/promises";
import { residentMiB } from "./usage";

/** The signal on which a process that was started with {@link collectable} collects its garbage. */
const collectSignal = "SIGUSR2";

/** Arguments for Node.js with which a process collects its garbage on a signal, so that only retained memory is measured. */
export const collectable = [
  "--expose-gc",
  "--import",
  `data:text/javascript,process.on('${collectSignal}',()=>globalThis.gc())`,
] as const;

/** Resident memory of a process, after a garbage collection if the process is collectable. KiB. */
export async function settledKiB(pid: number, isCollectable: boolean): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    if (isCollectable) process.kill(pid, collectSignal);
    await pause(500);
  }
  return residentMiB(pid) * 1_024;
}
