import { findOnPath } from "./path";

/** What this machine offers for installing a package. */
export interface Machine {
  readonly isRoot: boolean;
  /** apt-get is on the PATH: Debian, Ubuntu and their kin. */
  readonly apt: boolean;
}

export function thisMachine(): Machine {
  return { isRoot: process.getuid?.() === 0, apt: findOnPath("apt-get") !== undefined };
}
