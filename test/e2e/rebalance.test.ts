import { WebSocket } from "ws";
import { HoldfastLoadClient } from "../../ops/load/holdfast-client";
import { Load } from "../../ops/load/load";
import { moves } from "../../ops/load/moves";
import { judge } from "../../ops/load/verdict";
import { now } from "../../ops/process/clock";
import { skewOf } from "../../ops/doctor/skew";
import { podDeletionCost } from "../../infra/annotations";
import { ports } from "../../infra/ports";
import { Browser } from "./browser";
import { kubectl, kubectlJson } from "./kubectl";
import { pods, type Pod } from "./pods";
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
      sockets: { deletionCost: true },
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
  afterAll(async () => {
    await load.stop();
    // Not in the namespace, so not removed with it.
    const name = `${stack.namespace}.${service.name}-deletion-cost`;
    for (const kind of ["validatingadmissionpolicybinding", "validatingadmissionpolicy"])
      await kubectl(["delete", kind, name]);
  });

  /** Open sockets of each pod, by its own count. */
  async function sockets(): Promise<number[]> {
    const all = await pods(stack.namespace, service.name);
    return Promise.all(all.map(socketsOf));
  }

  async function socketsOf({ address }: Pod): Promise<number> {
    const metrics = await (await fetch(`http://${address}:${ports.metrics}/metrics`)).text();
    return Number(/^websocket_connections_active(?:\{.*\})? (\d+)$/m.exec(metrics)?.[1]);
  }

  /** What each pod has told Kubernetes, by the pod's name. */
  async function deletionCosts(): Promise<Map<string, number>> {
    const { items } = await kubectlJson<{
      items: { metadata: { name: string; annotations?: Record<string, string> } }[];
    }>([
      "--namespace",
      stack.namespace,
      "get",
      "pods",
      "--selector",
      `app.kubernetes.io/name=${service.name}`,
    ]);
    return new Map(
      items.map(({ metadata: { name, annotations } }) => [name, Number(annotations?.[podDeletionCost])]),
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

  it("keep their pods in a scale-down, which takes the pod with the fewest clients", async () => {
    const all = await pods(stack.namespace, service.name);
    // Without the cost, Kubernetes would remove a younger one.
    const [oldest] = all.toSorted((a, b) => a.createdAt - b.createdAt);
    if (oldest === undefined) throw new Error("there is no pod");
    const [, byEdge] = targets(stack, service);
    const visitors: WebSocket[] = [];
    try {
      // These clients speak no protocol in which they could be asked to move.
      const counts = new Map(
        await Promise.all(all.map(async (pod) => [pod.name, await socketsOf(pod)] as const)),
      );
      const most = Math.max(...counts.values()) + 5;
      counts.delete(oldest.name);
      while (counts.size > 0) {
        const { socket, pod } = await new Browser().open(byEdge);
        const count = counts.get(pod);
        if (count === undefined) {
          socket.terminate();
          continue;
        }
        visitors.push(socket);
        if (count + 1 < most) counts.set(pod, count + 1);
        else counts.delete(pod);
      }
      const told = await until("each pod has told its clients", 150_000, async () => {
        const costs = await deletionCosts();
        const counts = await Promise.all(all.map(socketsOf));
        return all.every(({ name }, index) => costs.get(name) === counts[index]) ? costs : undefined;
      });
      const least = Math.min(...told.values());
      expect([...told].filter(([, cost]) => cost === least)).toEqual([[oldest.name, least]]);

      await kubectl(["--namespace", stack.namespace, "scale", `deployment/${service.name}`, "--replicas=5"]);
      await atRest(stack.namespace, { ...service, replicas: 5 });
      const left = (await pods(stack.namespace, service.name)).map(({ name }) => name);
      expect(left.toSorted()).toEqual(
        all.flatMap(({ name }) => (name === oldest.name ? [] : [name])).toSorted(),
      );
      expect(visitors.every(({ readyState }) => readyState === WebSocket.OPEN)).toBe(true);
    } finally {
      for (const socket of visitors) socket.terminate();
    }
  }, 300_000);

  it("are served by pods that may change their own deletion cost, and nothing else", async () => {
    const [pod, other] = await pods(stack.namespace, service.name);
    if (pod === undefined || other === undefined) throw new Error("there are no two pods");
    const cost = { annotations: { [podDeletionCost]: "1" } };
    const patches = [
      { name: pod.name, change: { metadata: cost } },
      { name: other.name, change: { metadata: cost } },
      { name: pod.name, change: { metadata: { annotations: { other: "1" } } } },
      { name: pod.name, change: { metadata: { labels: { "app.kubernetes.io/name": null } } } },
      { name: pod.name, change: { metadata: { ownerReferences: null } } },
      { name: pod.name, change: { spec: { containers: [{ name: pod.containerName, image: "another" }] } } },
    ];
    const answers = await kubectl([
      ...["--namespace", stack.namespace, "exec", pod.name, "--", "node", "-e", patchScript],
      JSON.stringify(patches),
    ]);
    expect(JSON.parse(answers)).toEqual([
      "200",
      "422 a pod may change only its own deletion cost",
      ...Array.from({ length: 4 }, () => `422 a pod may change only its annotation ${podDeletionCost}`),
    ]);
  });
});

/** Patches pods with the token of the pod in which it runs; prints the answers. */
const patchScript = `
  const { readFileSync } = require("node:fs");
  const { request } = require("node:https");
  const read = (file) => readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/" + file, "utf8").trim();
  const patch = ({ name, change }) => new Promise((resolve, reject) => {
    request({
      host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT, ca: read("ca.crt"),
      method: "PATCH", path: "/api/v1/namespaces/" + read("namespace") + "/pods/" + name,
      headers: { authorization: "Bearer " + read("token"), "content-type": "application/strategic-merge-patch+json" },
    }, (response) => {
      let body = "";
      response.on("data", (data) => (body += data)).on("end", () => {
        const { message = "" } = JSON.parse(body);
        resolve(response.statusCode === 200 ? "200" : response.statusCode + " " + message.replace(/^.*denied request: /s, ""));
      });
    }).on("error", reject).end(JSON.stringify(change));
  });
  Promise.all(JSON.parse(process.argv[1]).map(patch)).then((answers) => console.log(JSON.stringify(answers)));
`;
