import { spawn } from "node:child_process";
import path from "node:path";
import { findCluster, NoClusterError, type Cluster } from "./cluster";
import { namespacePrefix } from "./stack";
import { encodeSurroundings } from "./surroundings";

/** With the value `skip`, the tests are skipped if there is no cluster. */
const withoutCluster = "HOLDFAST_E2E_WITHOUT_CLUSTER";

/**
 * Files that mostly wait for the engine and for the API server, and have no clients that others could slow down too much. They
 * run at the same time as the rest, in one process.
 */
const besides =
  "e2e/(pulumi|pulumi-failures|pulumi-preview|adoption|examples|doctor|apply|network-policy)\\.test";

/**
 * `npm run test:e2e [jest's arguments]`: prepares a cluster, then runs jest inside its network, where pods, Services and the API
 * server are reachable. If tests fail, prints the cluster's state. Then removes what the tests created. The exit code is 0 only
 * if every test passed.
 */
async function main(): Promise<number> {
  let cluster: Cluster;
  try {
    cluster = await findCluster(process.env);
  } catch (error) {
    if (!(error instanceof NoClusterError)) throw error;
    if (process.env[withoutCluster] === "skip") {
      report(`skipped, as ${withoutCluster}=skip allows: ${error.message}`);
      return 0;
    }
    report(`${error.message}. To go on without these tests: ${withoutCluster}=skip`);
    return 1;
  }
  report(`in ${cluster.name}`);
  const surroundings = await cluster.prepare(report);
  await removeNamespaces(cluster); // what an interrupted run left
  report("running the tests");
  const given = process.argv.slice(2);
  const lanes =
    given.length > 0
      ? [given]
      : [
          ["--testPathIgnorePatterns", besides],
          ["--testPathPatterns", besides],
        ];
  const jest = [process.execPath, require.resolve("jest/bin/jest"), "--selectProjects", "e2e", "--runInBand"];
  const codes = await Promise.all(
    lanes.map((lane) => start(cluster.inside([...jest, ...lane]), encodeSurroundings(surroundings))),
  );
  const code = Math.max(...codes);
  if (code !== 0) await diagnose(cluster);
  report("removing the namespaces of the tests");
  await removeNamespaces(cluster);
  return code;
}

/** Runs a command on this terminal; returns its exit code. */
async function start(command: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: path.resolve(__dirname, "../.."),
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** The names of the tests' namespaces, one on each line, in kubectl's form. */
const namespaces = `kubectl get namespaces --output name | grep "^namespace/${namespacePrefix}"`;

function removeNamespaces(cluster: Cluster): Promise<number> {
  const remove = `${namespaces} | xargs --no-run-if-empty kubectl delete --timeout=120s`;
  return start(cluster.inside(["sh", "-c", remove]));
}

function diagnose(cluster: Cluster): Promise<number> {
  const show = [
    "get pods --output wide",
    "get events --sort-by .lastTimestamp",
    "logs --selector app.kubernetes.io/part-of=holdfast --prefix --tail 40 --ignore-errors --max-log-requests 20",
  ].map((command) => `kubectl --namespace "\${n#namespace/}" ${command}`);
  const each = `for n in $(${namespaces}); do echo "--- $n"; ${show.join("; ")}; done`;
  return start(cluster.inside(["sh", "-c", each]));
}

function report(step: string): void {
  process.stderr.write(`e2e: ${step}\n`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    report(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  },
);
