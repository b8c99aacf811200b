import { HoldfastLoadClient } from "../../ops/load/holdfast-client";
import { Load } from "../../ops/load/load";
import { moves } from "../../ops/load/moves";
import { judge } from "../../ops/load/verdict";
import { now } from "../../ops/process/clock";
import { skewOf } from "../../ops/doctor/skew";
import { ports } from "../../infra/ports";
import { kubectl } from "./kubectl";
import { pods } from "./pods";
import { atRest, deploy, namespacePrefix, targets, type DeployedService, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

const size = { clients: 300, rate: 50, roomsPerService: 10 };
const connectLimitMs = 120_000;
/** The time from the scale-up that the design guarantees. */
const evenLimitMs = 120_000;
/** The tolerated ratio of the fullest pod to the mean. */
const toleratedSkew = 1.2;

const { edge, clientNetworks } = readSurroundings();

describe("300 clients by cookie on 3 pods, which become 6", () => {
  let stack: DeployedStack;
  let service: DeployedService;
  let load: Load;

  beforeAll(async () => {
    stack = await deploy(`${namespacePrefix}-even`, {
      host: "even.nova.social",
      services: [
        {
          name: "messaging-service",
          path: "/messaging",
          replicas: 3,
          resources: { cpu: "20m", memory: "128Mi" },
        },
      ],
      minReadySeconds: 1,
      network: {
        edge: [{ namespaceLabels: { "kubernetes.io/metadata.name": edge.namespace } }],
        monitoring: clientNetworks.map((cidr) => ({ cidr })),
      },
    });
    [service] = stack.services as [DeployedService];
    const [, byEdge] = targets(stack, service);
    load = new Load({ ...size, targets: [byEdge], makeClient: (args) => new HoldfastLoadClient(args) });
    await load.connect(connectLimitMs);
  }, 600_000);
  afterAll(() => load.stop());

  /** Open sockets of each pod, by its own count. */
  async function sockets(): Promise<number[]> {
    const all = await pods(stack.namespace, service.name);
    return Promise.all(
      all.map(async ({ address }) => {
        const metrics = await (await fetch(`http://${address}:${ports.metrics}/metrics`)).text();
        return Number(/^websocket_connections_active(?:\{.*\})? (\d+)$/m.exec(metrics)?.[1]);
      }),
    );
  }

  it("are spread evenly within two minutes: nothing lost, nothing duplicated, no client moved twice", async () => {
    const from = now();
    load.startPublishing();
    await kubectl(["--namespace", stack.namespace, "scale", `deployment/${service.name}`, "--replicas=6"]);
    await atRest(stack.namespace, { ...service, replicas: 6 });
    const readyAt = now();
    let counts: number[] = [];
    await until("the pods are even", evenLimitMs, async () => {
      counts = await sockets().catch(() => []); // a policy without the new pod yet blocks this client
      return counts.length === 6 && (skewOf(counts) ?? Infinity) <= toleratedSkew ? true : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${counts.join(", ")} sockets`, { cause: error });
    });
    const evenAt = now();
    load.stopPublishing();
    await load.settle(20_000, 60_000);
    const window = { from, to: now() };
    const { clients } = load.journal;
    const moved = moves(clients, window);
    process.stdout.write(
      `even ${((evenAt - readyAt) / 1_000).toFixed(0)} s after 3 more pods were ready: ${counts.join(", ")} sockets; ` +
        `moves a client ${moved.mean} (mean), ${moved.max} (max)\n`,
    );
    const { sent, lost, duplicated, outOfOrder } = judge(load.journal, window);
    expect(sent).toBeGreaterThan(size.rate * 10);
    expect({ lost, duplicated, outOfOrder }).toEqual({ lost: 0, duplicated: 0, outOfOrder: 0 });
    expect(clients.flatMap(({ resyncs }) => resyncs).filter((count) => count > 0)).toEqual([]);
    expect(moved.max).toBe(1);
  }, 420_000);
});
