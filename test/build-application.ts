import { buildApplication } from "../ops/start/prepare";

let built: Promise<void> | undefined;

/** Before the tests of each project that starts pods from `app/dist`: they run side by side, and none may build under another. */
export default function buildOnce(): Promise<void> {
  return (built ??= buildApplication());
}
