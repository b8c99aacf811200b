// A process with a child and a temporary directory, which ends as its argument says.
import { Child } from "../../../ops/process/child";
import { onEndSignal } from "../../../ops/process/end-signal";
import { temporaryDirectory } from "../../../ops/process/temporary-directory";

const [how] = process.argv.slice(2);
const child = new Child("sleep", ["60"], { env: { PATH: process.env.PATH ?? "" } });
// The exit code shows how many signals came.
onEndSignal((count) => count === 2 && process.exit(count));
process.stdout.write(
  `${JSON.stringify({ pid: child.pid, directory: temporaryDirectory("holdfast-parent-") })}\n`,
);
setTimeout(() => {
  if (how === "throw") throw new Error("as asked");
  if (how === "exit") process.exit(0);
}, 0);
