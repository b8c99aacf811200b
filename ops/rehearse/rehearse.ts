import { randomBytes } from "node:crypto";
import { lifetimes } from "../experiment/running-stack";
import { passed, refusals } from "../experiment/trial";
import type { KubernetesClient } from "../kubernetes/client";
import { stickiness } from "../load/stickiness";
import { now } from "../process/clock";
import { showProgress } from "../terminal/progress";
import { ClusterStack } from "./cluster/cluster-stack";
import type { LiveStack, ServiceDescription } from "./cluster/live-stack";
import type { PodHistory } from "./cluster/pod-history";
import { UndoLog } from "./cluster/undo-log";
import type { WaitOptions } from "./cluster/until";
import { ComparedClientPool } from "./compared-client-pool";
import { faults } from "./faults";
import { Generators } from "./load/generators";
import type { Options } from "./options";
import { planLoad, roomsOf, targetsOf } from "./plans";
import type { PodReport, Report, TrialReport } from "./report";
import { reportProgress } from "./report-progress";
import { runFault } from "./run-fault";
import { startLoads } from "./start-loads";
import { keepTokensValid } from "./token-renewal";
import type { Tokens } from "./tokens";
import { unlessAborted } from "./unless-aborted";

export interface RehearsalArgs {
  readonly options: Options;
  readonly client: KubernetesClient;
  readonly live: LiveStack;
  /** The services to rehearse. */
  readonly services: readonly ServiceDescription[];
  readonly tokens: Tokens;
  /** Certificates in PEM form that clients trust in addition to the usual ones. */
  readonly ca: string | undefined;
  /** Aborts the rehearsal. */
  readonly signal: AbortSignal;
}

/**
 * Runs a rehearsal: clients connect, some break their connection while all pods live, and messages flow before, during and after
 * each fault. Whatever happens, everything that was created is deleted, and every change is undone, before this settles.
 */
export async function rehearse(args: RehearsalArgs): Promise<Report> {
  const { client, live } = args;
  const id = randomBytes(4).toString("hex");
  const undoLog = await UndoLog.open(client, live.namespace, id);
  const undone: (() => Promise<void>)[] = [];
  try {
    return await run({ ...args, id, undoLog, atEnd: (undo) => undone.push(undo) });
  } finally {
    await showProgress([
      {
        title: "Undo and delete what the rehearsal made",
        run: async () => {
          for (const undo of undone.toReversed()) await undo().catch(() => undefined);
          await undoLog.close();
        },
      },
    ]);
  }
}

interface RunArgs extends RehearsalArgs {
  readonly id: string;
  readonly undoLog: UndoLog;
  /** Registers a release for the end; the last one registered runs first. */
  readonly atEnd: (release: () => Promise<void>) => void;
}

async function run(args: RunArgs): Promise<Report> {
  const { options, client, live, services, id, undoLog, atEnd, tokens, ca } = args;
  const startedAt = now();
  const expired = new AbortController();
  const signal = AbortSignal.any([args.signal, expired.signal]);
  const waitOptions: WaitOptions = { limitMs: options.timeout * 1_000, signal };
  const targets = targetsOf(options, services, live);
  const processes = options.inside ? options.loadPods : 1;
  const plans = planLoad(id, options, targets, processes, {
    tokens: tokens.list,
    ...(ca !== undefined && { ca }),
  });
  const stack = await ClusterStack.start({ client, live, services, targets, undoLog, waitOptions });
  atEnd(() => stack.stop());
  const chosen = faults(options);
  const trials: TrialReport[] = [];
  let pool: ComparedClientPool | undefined;
  const connected = () => {
    if (pool === undefined) throw new Error("the clients are not connected yet");
    return pool;
  };
  await showProgress([
    {
      title: options.inside ? `Start ${processes} pods of clients` : "Start the clients",
      run: async (report) => {
        await stack.rolledOut();
        const { loads, close } = await startLoads(args, processes, chosen.length, waitOptions);
        atEnd(close);
        const holdfast = new Generators(loads.slice(0, processes));
        const plain = plans.plain && new Generators(loads.slice(processes));
        report(`connecting ${options.clients} clients that resume and ${options.plain} that only reconnect`);
        await unlessAborted(
          signal,
          Promise.all([holdfast.connect(plans.holdfast), plans.plain && plain?.connect([plans.plain])]),
        );
        const connected = new ComparedClientPool(holdfast, plain);
        pool = connected;
        const renewed = (fresh: readonly string[]) => connected.renewTokens(fresh);
        const stopRefresh = keepTokensValid(tokens, renewed, (error) => expired.abort(error));
        atEnd(() => {
          stopRefresh();
          return Promise.resolve();
        });
        report("breaking some connections while all pods live");
        await unlessAborted(signal, holdfast.reconnect(plans.reconnects));
      },
    },
    ...chosen.map((fault) => ({
      title: `Messages flow: ${fault.name}`,
      run: async (report: (what: string) => void) => {
        const stop = reportProgress(connected(), report);
        try {
          trials.push(await unlessAborted(signal, runFault(fault, stack, connected(), options)));
        } finally {
          stop();
        }
      },
    })),
  ]);
  const traces = await connected().traces();
  return {
    id,
    kept: passed(trials),
    stack: options.stack,
    context: client.context,
    namespace: live.namespace,
    services: services.map(({ name, replicas, image }) => ({ name, replicas, image })),
    clientsRan: options.inside ? "inside" : "outside",
    url: options.url,
    loadPods: options.inside ? processes : 0,
    clients: options.clients,
    plainClients: options.plain,
    rooms: roomsOf(plans.holdfast),
    messagesPerSecond: options.rate,
    startedAt: new Date(startedAt).toISOString(),
    seconds: Math.round((now() - startedAt) / 100) / 10,
    node: process.version,
    trials,
    stickiness: stickiness(traces, lifetimes(stack.histories)),
    refused: refusals(traces),
    pods: stack.histories.map(podReport),
  };
}

function podReport({
  name,
  service,
  node,
  createdAt,
  served,
  deletedAt,
  termination,
  restarts,
}: PodHistory): PodReport {
  return {
    name,
    service,
    node,
    createdAt,
    served,
    deletedAt,
    goneAt: termination?.exitedAt,
    killed: termination?.killed ?? false,
    restarts,
  };
}
