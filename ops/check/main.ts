import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { showProgress } from "../terminal/progress";

/** By the scripts of package.json. */
const checks = [
  { script: "typecheck", title: "Types" },
  { script: "lint", title: "Lint, imports, unused exports" },
  { script: "format:check", title: "Format" },
];

/** What a check has found. */
class CheckError extends Error {
  readonly code = "HOLDFAST_CHECK";
}

/** Runs a script of package.json. Throws {@link CheckError} with what it printed where it fails. */
async function check(script: string): Promise<void> {
  const child = spawn("npm", ["run", "--silent", script], { stdio: ["ignore", "pipe", "pipe"] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new CheckError(`npm run ${script} fails:\n${(await output).join("")}`);
}

/** `npm run check`: all that reads the code without running it, at the same time: one after the other takes twice as long. */
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
  await showProgress(steps, { concurrent: true }).catch(() => undefined); // it waits for no other once one fails
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
