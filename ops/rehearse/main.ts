import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCluster, type KubernetesClient } from "../kubernetes/client";
import { onEndSignal } from "../process/end-signal";
import { render } from "../render/render";
import { stackContext } from "../render/stack-config";
import { UndoLog, CleanUpError } from "./cluster/undo-log";
import { describeManifests, expectSameStack } from "./cluster/live-stack";
import { readLiveStack } from "./cluster/read-live-stack";
import { readCertificates } from "./certificates";
import { faults } from "./faults";
import { type Options, parseOptions, UsageError } from "./options";
import { reportPage } from "./page/page";
import { rehearse } from "./rehearse";
import type { Report } from "./report";
import { chosenServices, expectPossible, expectSafe } from "./safety";
import { reportTable } from "./table";
import { readTokens } from "./tokens";

/** docs/rehearse.md lists them. */
const exitCodes = { passed: 0, failed: 1, usage: 2, impossible: 3, notUndone: 4, aborted: 130 } as const;

/** The user asked it to stop. */
class AbortedError extends Error {
  readonly code = "HOLDFAST_ABORTED";
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) return exitCodes.passed; // only --help was given
  const rendering = await render(options.stack);
  const manifests = describeManifests(rendering.objects);
  const described = { ...manifests, host: options.host ?? manifests.host };
  const namespace = options.namespace ?? described.namespace;
  expectSafe(options, chosenServices(options, described.services).length);
  const client = openCluster(await stackContext(options.stack, options.context));
  log(`stack ${options.stack}, namespace ${namespace}, context ${client.context}, ${client.server}`);
  if (options.clean) return clean(client, namespace);

  const found = await readLiveStack(client, namespace, described.host);
  const expected = { ...described, services: chosenServices(options, described.services) };
  expectSameStack(expected, found, options.service.length === 0);
  // If no Ingress or route of the stack's namespace names a host, an edge elsewhere gets requests for the stack's own host.
  const live = { ...found, host: found.host ?? described.host };
  const services = chosenServices({ service: expected.services.map(({ name }) => name) }, live.services);
  expectPossible(options, live, services);
  const ca = await readCertificates(options.ca, process.env);
  const tokens = await readTokens(options, process.env, services[0]?.auth ?? "", estimatedSeconds(options));

  const aborting = new AbortController();
  // An exception that nothing handles must not leave the changes behind.
  process.on("uncaughtException", (error) => aborting.abort(error));
  const stopListening = onEndSignal((count) => {
    if (count === 1) {
      log(
        "stopping; undoing all changes first (press Ctrl-C again to skip this; then undo them with --clean)",
      );
      aborting.abort(new AbortedError("interrupted"));
    } else process.exit(exitCodes.aborted);
  });
  try {
    const report = await rehearse({ options, client, live, services, tokens, ca, signal: aborting.signal });
    const files = await writeReports(report, options.out);
    const columns = process.stdout.isTTY ? process.stdout.columns : undefined;
    const text = options.json ? JSON.stringify(report, undefined, 2) : reportTable(report, columns);
    process.stdout.write(`${text}\n`);
    for (const file of files) log(`report ${file}`);
    return report.kept ? exitCodes.passed : exitCodes.failed;
  } finally {
    stopListening();
  }
}

/** Undoes the changes that an earlier rehearsal left. */
async function clean(client: KubernetesClient, namespace: string): Promise<number> {
  const undoLog = await UndoLog.find(client, namespace);
  if (undoLog === undefined) {
    log(`no rehearsal has left anything in namespace ${namespace}`);
    return exitCodes.passed;
  }
  await undoLog.close();
  log(`rehearsal ${undoLog.id} is undone`);
  return exitCodes.passed;
}

/** Writes the JSON document and the page; returns their paths. */
async function writeReports(report: Report, directory: string): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  const name = `${report.stack}-${report.startedAt.slice(0, 19).replaceAll(":", "")}-${report.id}`;
  const [json, page] = [join(directory, `${name}.json`), join(directory, `${name}.html`)];
  await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(page, reportPage(report));
  return [json, page];
}

/** How long tokens must be valid: with the usual times of stacks, a fault takes a few minutes. */
function estimatedSeconds(options: Options): number {
  return 60 + faults(options).length * (2 * options.steady + 180);
}

function log(what: string): void {
  process.stderr.write(`rehearse: ${what}\n`);
}

/** An unexpected error is printed with its stack; the message of any other error is enough. */
function exitCodeOf(error: unknown): number {
  const { code, message, stack } = error as Error & { code?: unknown };
  const known = typeof code === "string" && code.startsWith("HOLDFAST_");
  log(known ? message : (stack ?? String(error)));
  if (error instanceof AbortedError) return exitCodes.aborted;
  if (error instanceof CleanUpError) return exitCodes.notUndone;
  const usage = error instanceof UsageError || code === "HOLDFAST_STACK_FILE" || code === "HOLDFAST_CONFIG";
  return usage ? exitCodes.usage : exitCodes.impossible;
}

// A closed terminal must not prevent the clean-up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

main().then(
  (code) => process.exit(code),
  (error: unknown) => process.exit(exitCodeOf(error)),
);
