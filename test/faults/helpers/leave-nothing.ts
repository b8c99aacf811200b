import { killAll } from "../../../ops/process/child";
import { stopPodsHere } from "./pods";

/**
 * Runs after each file's own afterAll, which fails early if beforeAll has failed: the servers and pods that were started by then
 * end here.
 */
afterAll(async () => {
  killAll();
  await stopPodsHere();
});
