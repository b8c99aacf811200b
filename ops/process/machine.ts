import { findOnPath } from "./path";

/** What this machine offers for installing a package. */
export interface Machine {
  readonly isRoot: boolean;
  /** Whether apt-get is on the PATH: Debian, Ubuntu and derivatives. */
  readonly apt: boolean;
}

export function thisMachine(): Machine {
  return { isRoot: process.getuid?.() === 0, apt: findOnPath("apt-get") !== undefined };
}
