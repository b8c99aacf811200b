import { ensureRedis } from "./install";

/** Run before the tests: they talk to a real Redis, and say so early when there is none. */
ensureRedis((line) => process.stderr.write(`${line}\n`)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
