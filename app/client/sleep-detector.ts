import { Alarm } from "./timers";

/** How often the clocks are read. A probe takes 5 s more, so a dead socket is noticed within 6 s after waking. Milliseconds. */
const TICK_MS = 750;

/**
 * A tick that is this late means that the machine slept or the page was frozen: a busy program is rarely so late. Milliseconds.
 */
const LATE_MS = 2_000;

/**
 * Detects that the program did not run for a while: sleep, a frozen page, throttled timers, a suspended virtual machine. Browsers
 * report some of these by events, Node.js and Electron none.
 */
export class SleepDetector extends Alarm {
  /** Calls back after each such pause, until {@link SleepDetector.clear}. */
  watch(onWake: () => void): void {
    const { timers } = this;
    const now = timers.now();
    const wall = timers.wallNow?.() ?? 0;
    this.set(TICK_MS, () => {
      const passedMs = Math.max(timers.now() - now, (timers.wallNow?.() ?? 0) - wall);
      this.watch(onWake);
      if (passedMs > TICK_MS + LATE_MS) onWake();
    });
  }
}
