import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Fault } from "../experiment/fault";
import { passed, refusals, rolloutReport } from "../experiment/trial";
import { lifetimes } from "../experiment/running-stack";
import { promisedQuietMs, runTrial } from "../experiment/run-trial";
import type { KubernetesClient } from "../kubernetes/client";
import { stickiness } from "../load/stickiness";
import { verdictOf } from "../load/verdict";
import { placement } from "../load/placement";
import { now } from "../process/clock";
import { RemoteProcess } from "../process/rpc";
import { showProgress } from "../terminal/progress";
import { ClusterStack } from "./cluster/cluster-stack";
import { UndoLog } from "./cluster/undo-log";
import type { LiveStack, ServiceDescription } from "./cluster/live-stack";
import { LoadPods } from "./cluster/load-pods";
import type { PodHistory } from "./cluster/pod-history";
import type { Patience } from "./cluster/until";
import { ComparedClientPool } from "./compared-client-pool";
import { faults } from "./faults";
import { stepMs, type LoadMethods } from "./load/generator";
import { Generators, type RemoteLoad } from "./load/generators";
import type { Options } from "./options";
import { planLoad, roomsOf, targetsOf } from "./plans";
import type { TrialReport, PodReport, Report } from "./report";
import { keepFresh } from "./token-renewal";
import type { Tokens } from "./tokens";

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

/** Where the clients run. */
interface Loads {
  /** The loads; the last one is for comparison, if there is one. */
  readonly loads: readonly RemoteLoad[];
  readonly close: () => Promise<void>;
}

/** How often the state of the clients is reported. Milliseconds. */
const pulseMs = 1_000;
/** The longest time around the faults, in which load pods start and clients connect. Seconds. */
const aroundSeconds = 600;

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
    return await conduct({ ...args, id, undoLog, atEnd: (undo) => undone.push(undo) });
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

interface Conduct extends RehearsalArgs {
  readonly id: string;
  readonly undoLog: UndoLog;
  /** Registers a release for the end; the last one registered runs first. */
  readonly atEnd: (release: () => Promise<void>) => void;
}

async function conduct(args: Conduct): Promise<Report> {
  const { options, client, live, services, id, undoLog, atEnd, tokens, ca } = args;
  const startedAt = now();
  const lapsed = new AbortController();
  const signal = AbortSignal.any([args.signal, lapsed.signal]);
  const patience: Patience = { limitMs: options.timeout * 1_000, signal };
  const targets = targetsOf(options, services, live);
  const processes = options.inside ? options.loadPods : 1;
  const plans = planLoad(id, options, targets, processes, {
    tokens: tokens.list,
    ...(ca !== undefined && { ca }),
  });
  const stack = await ClusterStack.start({ client, live, services, targets, undoLog, patience });
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
        const { loads, close } = await startLoads(args, processes, chosen.length, patience);
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
        const stopRefresh = keepFresh(tokens, renewed, (error) => lapsed.abort(error));
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
        const stop = reportPulse(connected(), report);
        try {
          trials.push(await unlessAborted(signal, trial(fault, stack, connected(), options)));
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

async function startLoads(
  { options, client, live, services, id }: Conduct,
  processes: number,
  rounds: number,
  patience: Patience,
): Promise<Loads> {
  const count = processes + (options.plain > 0 ? 1 : 0);
  if (!options.inside) {
    const program = join(__dirname, "load/here.ts");
    const loads = Array.from({ length: count }, () => new RemoteProcess<LoadMethods>(program));
    return {
      loads,
      close: async () => {
        await Promise.all(loads.map((load) => load.end()));
      },
    };
  }
  const pods = await LoadPods.start(
    client,
    {
      id,
      stack: live,
      services,
      count,
      image: options.image ?? services[0]?.image ?? "",
      deadlineSeconds: aroundSeconds + rounds * (options.timeout + 2 * options.steady),
      avoid: options.nodeDrain,
    },
    patience,
  );
  return {
    loads: pods.loads,
    close: () => {
      pods.close();
      return Promise.resolve();
    },
  };
}

async function trial(
  fault: Fault<ClusterStack>,
  stack: ClusterStack,
  pool: ComparedClientPool,
  { steady }: Options,
): Promise<TrialReport> {
  const times = { steadyMs: steady * 1_000, quietMs: promisedQuietMs };
  const { trial, resumedMs, faultWindow, findings } = await runTrial(fault, stack, pool, times);
  const { window, timeline, traces, plain } = findings;
  const ended = stack.histories.filter(
    ({ deletedAt }) => deletedAt !== undefined && deletedAt >= window.from,
  );
  return {
    ...trial,
    resumedMs,
    window,
    faultWindow,
    rollout: rolloutReport(ended, faultWindow.to - faultWindow.from),
    timeline,
    placement: placement(traces, window, stepMs),
    plain: plain && verdictOf(plain.statistics),
  };
}

/** Reports the state of the clients until the returned function is called. */
function reportPulse(pool: ComparedClientPool, report: (what: string) => void): () => void {
  // Without a terminal, each line would stay on the screen.
  if (!process.stderr.isTTY) return () => undefined;
  const timer = setInterval(() => {
    pool.pulse().then(
      ({ published, outstanding, served }) => {
        // The last part of a name distinguishes the pods of a workload; whole names are too long for the line.
        const pods = Object.entries(served).map(([pod, count]) => `${pod.replace(/^.*-/, "")} ${count}`);
        report(`${published} sent, ${outstanding} on their way · ${pods.join(" ")}`);
      },
      () => undefined, // the measurement itself reports an error of the clients
    );
  }, pulseMs);
  return () => clearInterval(timer);
}

/** The result of the work, or a rejection if the rehearsal is aborted first. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let abort: () => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([work, broken]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
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
