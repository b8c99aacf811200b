import { ensureRedis } from "./install";

/** Runs before the tests: they use a real Redis. If there is none, this prints it early. */
ensureRedis((line) => process.stderr.write(`${line}\n`)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
