import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "../../../ops/process/child";
import { until } from "../../faults/helpers/until";

/** A pod as a separate process. */
export interface BenchPod {
  readonly pid: number;
  /** `ws://…`, up to the room id. */
  readonly url: string;
  kill(): Promise<void>;
  /** Sends SIGTERM; resolves once the process has ended. */
  end(): Promise<void>;
}

/** Builds the application from these sources. Returns its file, and a function that removes it. */
export function buildApp(): { readonly main: string; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  execFileSync(process.execPath, [join(__dirname, "../../../app/build.mjs"), "server", directory]);
  return {
    main: join(directory, "main.js"),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Measures other builds (their `main.js`), then these sources, one after the other. Returns the results. */
export async function measureBuilds<Result>(
  others: readonly string[],
  measure: (name: string, build: string) => Promise<Result>,
): Promise<Result[]> {
  const app = buildApp();
  try {
    const results: Result[] = [];
    for (const build of others) results.push(await measure(build, build));
    results.push(await measure("these sources", app.main));
    return results;
  } finally {
    app.remove();
  }
}

/** Starts a pod from a built application; resolves once it serves. `nodeOptions` go before the application's file. */
export async function startBenchPod(
  main: string,
  name: string,
  redisUrl: string,
  nodeOptions: readonly string[] = [],
): Promise<BenchPod> {
  let log = "";
  const child = new Child(process.execPath, [...nodeOptions, main], {
    env: {
      SERVICE_NAME: "bench",
      SERVICE_PATH: "/bench",
      POD_NAME: name,
      BIND_ADDRESS: "127.0.0.1",
      HTTP_PORT: "0",
      GRPC_PORT: "0",
      METRICS_PORT: "0",
      LIFECYCLE_PORT: "0",
      REDIS_URL: redisUrl,
      AUTH_MODE: "anonymous",
      MAX_UNAUTHENTICATED_CONNECTIONS: "20000",
    },
    output: (text) => (log = (log + text).slice(-4_000)),
  });
  const port = await until(
    () => {
      if (child.exit) throw new Error(`${name} ended at its start: ${log}`);
      return /"port":(\d+),"msg":"serving"/.exec(log)?.[1];
    },
    () => `pod that serves; its log: ${log}`,
  );
  return {
    pid: child.pid ?? 0,
    url: `ws://127.0.0.1:${port}/bench/chat/`,
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
    async end() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}
