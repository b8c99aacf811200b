import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { showProgress } from "../terminal/progress";

/** The names of scripts in package.json. */
const checks = [
  { script: "typecheck", title: "Types" },
  { script: "lint", title: "Lint, imports, unused exports" },
  { script: "format:check", title: "Format" },
];

/** A check has found a problem. */
class CheckError extends Error {
  readonly code = "HOLDFAST_CHECK";
}

/** Runs a script of package.json. Throws {@link CheckError} with its output if it fails. */
async function check(script: string): Promise<void> {
  const child = spawn("npm", ["run", "--silent", script], { stdio: ["ignore", "pipe", "pipe"] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new CheckError(`npm run ${script} fails:\n${(await output).join("")}`);
}

/**
 * `npm run check`: all checks that read the code without running it. They run at the same time, because one after the other takes
 * twice as long.
 */
async function main(): Promise<void> {
  const running: Promise<void>[] = [];
  const steps = checks.map(({ script, title }) => ({
    title,
    run: () => {
      const done = check(script);
      running.push(done);
      return done.catch(() => Promise.reject(new CheckError(`npm run ${script} fails, as is shown below`)));
    },
  }));
  await showProgress(steps, { concurrent: true }).catch(() => undefined); // does not wait for the other checks
  const outcomes = await Promise.allSettled(running);
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [(outcome.reason as Error).message] : [],
  );
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`check: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
