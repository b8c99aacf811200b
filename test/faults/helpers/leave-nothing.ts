import { killAll } from "../../../ops/process/child";
import { stopPodsHere } from "./pods";

/**
 * Runs behind each file's own afterAll, which does not get to its end where beforeAll failed half-way: whatever it has
 * started by then, servers and pods, ends here.
 */
afterAll(async () => {
  killAll();
  await stopPodsHere();
});
