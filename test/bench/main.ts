/**
 * Measures the hot paths of Holdfast and of other servers in one run, and prints a table: `npm run bench`. Has no assertions.
 */
import { availableParallelism, loadavg } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { RemoteProcess } from "../../ops/process/rpc";
import { buildApp } from "./helpers/pod";
import type { LoadProcess } from "./load/process";
import { centrifugePeer } from "./peers/centrifuge";
import { holdfastPeer } from "./peers/holdfast";
import { nodePeer } from "./peers/node-peer";
import type { Peer, ProtocolName } from "./peers/peer";
import { rowsOf, tableOf, type Measurement } from "./report";
import { workloads, type Workload, type WorkloadName } from "./workloads";

interface Options {
  readonly only?: readonly WorkloadName[];
  readonly peers: readonly ProtocolName[];
  readonly build: readonly string[];
  readonly centrifuge?: string;
  readonly centrifugeToken?: string;
  readonly centrifugePid?: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly json: boolean;
}

/** The peer that the others are compared with. */
const baseline = "ws";

const peerNames: readonly ProtocolName[] = ["ws", "socket.io", "centrifuge", "holdfast"];

const program = new Command("npm run bench --")
  .description("Measures Holdfast, bare ws, Socket.IO and Centrifuge in one run, and prints a table.")
  .option(
    "--only <workloads>",
    "measure only these workloads, separated by commas",
    namesOf(workloads.map(({ name }) => name)),
  )
  .option("--peers <names>", "measure only these peers, separated by commas", namesOf(peerNames), peerNames)
  .option(
    "--build <file...>",
    "main.js of other builds of Holdfast; each is a peer, named after its folder",
    [],
  )
  .option("--centrifuge <url>", "WebSocket URL of a running Centrifugo server")
  .option("--centrifuge-token <jwt>", "JWT of the clients of Centrifugo (default: no token)")
  .option(
    "--centrifuge-pid <pid>",
    "process id of Centrifugo on this machine, to measure its CPU and memory",
    toCount,
  )
  .option("--rounds <count>", "number of rounds; the table shows the medians", toCount, 1)
  .option("--seconds <seconds>", "length of each measurement, in seconds", toCount, 8)
  .option("--json", "print one JSON document", false)
  .addHelpText(
    "after",
    `
Workloads:
${workloads.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join("\n")}

Peers:
  ws          a bare ws server with rooms in memory
  socket.io   Socket.IO with its in-memory adapter, over WebSocket only
  centrifuge  the server of --centrifuge; skipped without that option
  holdfast    one pod, built from these sources, with its own redis-server

Each server, the load and Redis run as separate processes on this machine. In each round, a workload measures all peers
one after the other. Memory is measured after a garbage collection. Centrifugo cannot be asked for one, and runs during all rounds:
its memory is measured in the first round only. Restart Centrifugo before each run.`,
  );

function namesOf<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(",").map((part) => {
      const name = known.find((each) => each === part.trim());
      if (name === undefined) {
        throw new InvalidArgumentError(`${part} is not one of ${known.join(", ")}.`);
      }
      return name;
    });
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The peers to measure; prints why one is skipped. */
function peersOf({ peers, build, ...options }: Options, main: string): Peer[] {
  const { centrifuge: url, centrifugeToken: token, centrifugePid: pid } = options;
  const makers: Record<ProtocolName, () => Peer[]> = {
    ws: () => [nodePeer("ws", "ws-server.mjs")],
    "socket.io": () => [nodePeer("socket.io", "socket-io-server.mjs")],
    centrifuge() {
      if (url !== undefined) return [centrifugePeer({ url, token, pid })];
      progress("centrifuge is skipped: start a server, and pass --centrifuge ws://…");
      return [];
    },
    holdfast: () => [holdfastPeer("holdfast", main)],
  };
  return [
    ...peers.flatMap((name) => makers[name]()),
    ...build.map((file) => holdfastPeer(basename(dirname(resolve(file))), resolve(file))),
  ];
}

async function measure(peer: Peer, workload: Workload, seconds: number): Promise<Measurement[]> {
  const { name, protocol } = peer;
  const server = await peer.serve();
  const load = new RemoteProcess<LoadProcess>(join(__dirname, "load/process.ts"));
  try {
    const warn = (what: string) => progress(`${name}, ${workload.name}: ${what}`);
    const figures = await workload.measure({ server, protocol, load, seconds, warn });
    return figures.map((figure) => ({ ...figure, peer: name }));
  } finally {
    await load.end();
    await server.stop();
  }
}

/** Measures all in turn. A peer that fails is skipped from then on; prints the reason. */
async function measureAll(peers: Set<Peer>, { only, rounds, seconds }: Options): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const workload of workloads) {
      if (only && !only.includes(workload.name)) continue;
      for (const peer of peers) {
        progress(`round ${round} of ${rounds}, ${workload.name}: ${peer.name}`);
        try {
          measurements.push(...(await measure(peer, workload, seconds)));
        } catch (error) {
          peers.delete(peer);
          progress(`${peer.name} is skipped: ${(error as Error).message}`);
        }
      }
    }
  }
  return measurements;
}

async function main(): Promise<void> {
  const options = program.parse().opts<Options>();
  const app = buildApp();
  try {
    const peers = new Set(peersOf(options, app.main));
    const started = { at: new Date().toISOString(), load: loadavg()[0] ?? 0 };
    const measurements = await measureAll(peers, options);
    const endLoad = loadavg()[0] ?? 0;
    const names = [...peers].map(({ name }) => name);
    const rows = rowsOf(measurements, names, baseline);
    const machine = { node: process.version, cores: availableParallelism() };
    if (options.json) {
      const { rounds, seconds } = options;
      const about = {
        startedAt: started.at,
        ...machine,
        loadAverage: [started.load, endLoad],
        rounds,
        seconds,
      };
      process.stdout.write(`${JSON.stringify({ ...about, peers: names, baseline, rows }, null, 2)}\n`);
      return;
    }
    process.stdout.write(
      `${tableOf(rows, names, baseline)}\n` +
        `${started.at}, Node.js ${machine.node}, ${machine.cores} cores, ` +
        `load average ${started.load.toFixed(1)} at the start and ${endLoad.toFixed(1)} at the end; ` +
        `${options.rounds} round${options.rounds === 1 ? "" : "s"} of ${options.seconds} s\n`,
    );
  } finally {
    app.remove();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
