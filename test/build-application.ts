import { buildApplication } from "../ops/start/prepare";

let built: Promise<void> | undefined;

/**
 * Runs before the tests of each project that starts pods from `app/dist`: they run at the same time, and none may build while
 * others run.
 */
export default function buildOnce(): Promise<void> {
  return (built ??= buildApplication());
}
