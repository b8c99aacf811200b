import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Builds what the pods run. Rejects with the build's output. */
export async function buildApplication(): Promise<void> {
  try {
    await run("npm", ["run", "build", "--silent"], { cwd: join(__dirname, "../..") });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`\`npm run build\` failed: ${(stdout + stderr).trim() || String(error)}`, {
      cause: error,
    });
  }
}
