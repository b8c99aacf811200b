import { once } from "node:events";
import { WebSocket } from "ws";
import { proxyName } from "../../infra/components/connection-proxy/names";
import { ports } from "../../infra/ports";
import { ChatClient, EchoClient, addresses } from "./own-clients";
import { ownImages, type OwnImage } from "./own-images";
import { apply, clusterIp, kubectl } from "./kubectl";
import { PodHistory } from "./pod-history";
import { pods } from "./pods";
import { reach, startProbePod } from "./probe-pod";
import { PulumiStack, smallStore } from "./pulumi";
import { atRest, namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

/**
 * Images without Holdfast, deployed as in docs/own-image.md: a Socket.IO chat, a `ws` echo with /healthz, a Python server with
 * only a TCP probe, and a static binary without a shell. They are one stack, which `pulumi up` changes.
 */

const namespace = `${namespacePrefix}-own`;
const stranger = `${namespace}-stranger`;
const host = "own.nova.social";
const clients = 100;
const limitMs = 120_000;

const { images, edge, clientNetworks } = readSurroundings();

const services = {
  chat: { path: "/socket.io", protocol: "socket.io", replicas: 3, sessionStore: { env: "REDIS_URL" } },
  echo: { path: "/echo", replicas: 3, probes: { readiness: "/healthz" } },
  telemetry: { path: "/telemetry", replicas: 2 },
  quotes: { path: "/quotes", replicas: 2, probes: { readiness: "/healthz" } },
};

/** The services that send messages back. */
const echoes = ["echo", "telemetry", "quotes"] as const;
type Echo = (typeof echoes)[number];

const proxies: Readonly<Record<OwnImage, object>> = {
  chat: { replicas: 2 },
  echo: { replicas: 1, mode: "at-least-once" },
  telemetry: { replicas: 1 },
  quotes: { replicas: 1 },
};

interface Shape {
  readonly release: number;
  /** Whether the stack has an edge; otherwise pods of its own namespace connect. */
  readonly hasEdge?: boolean;
  readonly hasProxies?: boolean;
}

function config({ release, hasEdge = true, hasProxies = false }: Shape) {
  const inCluster = hasEdge
    ? { namespaceLabels: { "kubernetes.io/metadata.name": edge.namespace } }
    : { sameNamespace: true, podLabels: { role: "client" } };
  const resources = { cpu: "20m", memory: "128Mi" };
  return {
    namespace,
    ...(hasEdge ? { host } : {}),
    edge: hasEdge ? { kind: "nginx" } : { kind: "none" },
    // The tests' own clients are not pods.
    network: {
      edge: [inCluster, ...clientNetworks.map((cidr) => ({ cidr }))],
      monitoring: clientNetworks.map((cidr) => ({ cidr })),
    },
    sessionStore: smallStore(),
    ...(hasProxies ? { image: images.app } : {}),
    resources,
    minReadySeconds: 1,
    rollout: { maxSurge: "100%" },
    drain: { preStopSeconds: 5, drainSeconds: 25 },
    services: ownImages.map((name) => ({
      name,
      image: images.own[name],
      ports: { http: 3000 },
      env: { RELEASE: release },
      ...services[name],
      ...(hasProxies ? { connectionProxy: { resources, drainSeconds: 5, ...proxies[name] } } : {}),
    })),
  };
}

let stack: PulumiStack;

beforeAll(async () => {
  stack = await PulumiStack.create("own", config({ release: 1, hasEdge: false }));
  await stack.up();
}, 600_000);

/** The connected clients, which are closed at the end of each test, however it ends. */
const everyone = new Set<ChatClient | EchoClient>();

let watched: PodHistory | undefined;

afterEach(async () => {
  for (const client of everyone) client.leave();
  everyone.clear();
  await watched?.stop();
});

afterAll(async () => {
  await kubectl(["delete", "namespace", namespace, stranger, "--ignore-not-found", "--wait=false"]);
  await stack.remove();
});

/** Changes the stack, and waits until no old pod is left. */
async function change(shape: Shape): Promise<void> {
  await stack.configure(config(shape));
  await stack.up();
  await Promise.all(
    ownImages.map((name) =>
      atRest(namespace, { name, path: "", address: "", replicas: services[name].replicas }),
    ),
  );
}

async function podNames(service: string): Promise<string[]> {
  return (await pods(namespace, service)).map(({ name }) => name);
}

async function byService(name: OwnImage) {
  return { url: `ws://${await clusterIp(namespace, name)}:3000${services[name].path}` };
}

const byEdge = (name: OwnImage) => ({
  url: `ws://${edge.address}:${edge.port}${services[name].path}`,
  host,
});

/** Waits until the edge routes to a service's proxies. For seconds after an update it still routes to the service's pods. */
async function untilProxied(name: OwnImage): Promise<void> {
  await until(`the edge leads to the proxies of ${name}`, limitMs, async () => {
    const socket = new WebSocket(`${byEdge(name).url}/?EIO=4&transport=websocket`, { headers: { host } });
    try {
      await once(socket, "open");
      return (await proxiedSockets(name)) > 0 ? true : undefined;
    } catch {
      return undefined; // refused while the route changes
    } finally {
      socket.terminate();
    }
  });
}

async function proxiedSockets(name: OwnImage): Promise<number> {
  const counts = (await pods(namespace, proxyName(name))).map(async ({ address }) => {
    const metrics = await (await fetch(`http://${address}:${ports.metrics}/metrics`)).text();
    return Number(/^proxy_sockets_active(?:\{.*\})? (\d+)$/m.exec(metrics)?.[1]);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count);
}

/** Connects clients to an echo service: by the Service, each from the next address, and through the edge. */
async function connectEchoes(name: Echo, throughService: number, throughEdge: number): Promise<EchoClient[]> {
  const [service, address] = [await byService(name), addresses()];
  const all = [
    ...Array.from({ length: throughService }, () => new EchoClient(service, address())),
    ...Array.from({ length: throughEdge }, () => new EchoClient(byEdge(name))),
  ];
  for (const client of all) everyone.add(client);
  // Not all at once: on a busy machine, that alone would get some of them refused.
  const waiting = all.values();
  const worker = async () => {
    for (const client of waiting) await client.connect();
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return all;
}

describe("without an edge", () => {
  it("can be reached by an allowed pod, and by no other", async () => {
    await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: stranger } }]);
    await Promise.all([
      startProbePod(namespace, "client", {}, { role: "client" }),
      startProbePod(namespace, "other"),
      startProbePod(stranger, "client", {}, { role: "client" }),
    ]);
    const doors = ownImages.map((name) => `${name}.${namespace}.svc:3000`);
    const all = (outcome: string) => Object.fromEntries(doors.map((door) => [door, outcome]));
    await until("the policies cover the client", limitMs, async () => {
      const outcomes = Object.values(await reach(namespace, "client", ...doors));
      return outcomes.every((outcome) => outcome === "open") ? true : undefined;
    });
    expect(await reach(stranger, "client", ...doors)).toEqual(all("silent"));
    // Next to the clients, and not a client: it cannot even resolve a name.
    expect(Object.values(await reach(namespace, "other", ...doors))).not.toContain("open");
  }, 180_000);
});

describe("with an edge", () => {
  beforeAll(() => change({ release: 1 }), 300_000);

  it.each(echoes)(
    "%s keeps a client on its pod, by its address and by its cookie",
    async (name) => {
      const running = await podNames(name);
      await until(`the edge leads to ${name}`, limitMs, () =>
        new EchoClient(byEdge(name)).comeBack().catch(() => undefined),
      );
      const all = await connectEchoes(name, 20, 20);
      for (const some of [all.slice(0, 20), all.slice(20)]) {
        const first = some.map((client) => client.pods[0]);
        expect(new Set(first)).toEqual(new Set(running));
        for (let again = 0; again < 2; again++) {
          expect(await Promise.all(some.map((client) => client.comeBack()))).toEqual(first);
        }
      }
    },
    limitMs,
  );

  it("are rolled under 100 clients each: all are moved in order, and none is refused", async () => {
    const history = (watched = new PodHistory(namespace, "chat"));
    const before = Object.fromEntries(
      await Promise.all(ownImages.map(async (name) => [name, await podNames(name)] as const)),
    );
    const [address, service] = [addresses(), await byService("chat")];
    // The Service alone supports no long-polling: see docs/own-image.md.
    const chat = await connectChat(
      Array.from({ length: clients }, (_, index) =>
        index % 4 === 0
          ? { target: service, address: address(), transports: ["websocket"] }
          : { target: byEdge("chat"), transports: index % 4 === 1 ? ["polling", "websocket"] : ["polling"] },
      ),
    );
    const byName = await Promise.all(
      echoes.map(async (name) => [name, await connectEchoes(name, clients / 2, clients / 2)] as const),
    );
    for (const client of byName.flatMap(([, some]) => some)) client.startTalking();
    expect(chat.flatMap(({ refusals, errors }) => [...refusals, ...errors])).toEqual([]);

    await change({ release: 2 });

    for (const [name, some] of byName) {
      await untilAll(
        `of ${name} is served by a new pod`,
        some,
        ({ isOpen, pods: met }) => isOpen && !before[name]?.includes(met.at(-1) ?? ""),
      );
      const closes = new Set(some.flatMap((client) => client.closes));
      expect({ name, closes: [...closes], refusals: some.flatMap(({ refusals }) => refusals) }).toEqual({
        name,
        closes: [1012],
        refusals: [],
      });
    }
    await untilAll(
      "of the chat is served by a new pod",
      chat,
      ({ socket, pods: met }) => socket.connected && !before.chat?.includes(met.at(-1) ?? ""),
    );
    // A session ends with its pod; every other request was answered.
    const ended = history.endings.map(({ pod }) => pod);
    expect(ended.toSorted()).toEqual(before.chat?.toSorted());
    const refusals = chat.flatMap((client) => client.refusals);
    const others = refusals.filter(({ pod }) => !ended.includes(pod ?? ""));
    expect({ count: others.length, some: others.slice(0, 5) }).toEqual({ count: 0, some: [] });
  }, 300_000);
});

describe("behind connection proxies", () => {
  beforeAll(async () => {
    await change({ release: 2, hasProxies: true });
    await Promise.all(ownImages.map(untilProxied));
  }, 300_000);

  it("are rolled under 100 clients each without a client's socket closed", async () => {
    const before = await Promise.all(ownImages.map((name) => podNames(name)));
    const chat = await connectChat(
      Array.from({ length: clients }, (_, index) => ({
        target: byEdge("chat"),
        transports: index % 2 === 0 ? ["websocket"] : ["polling", "websocket"],
      })),
    );
    const byName = await Promise.all(
      echoes.map(async (name) => [name, await connectEchoes(name, 0, clients)] as const),
    );
    const talkers = byName.flatMap(([, some]) => some);
    for (const client of talkers) client.startTalking();
    const said: Promise<string>[] = [];
    const talk = setInterval(() => {
      const speaker = chat[said.length % chat.length];
      if (speaker) said.push(speaker.say(String(said.length)));
    }, 100);

    await change({ release: 3, hasProxies: true });

    clearInterval(talk);
    const took = new Set(await Promise.all(said));
    const numbers = said.map((_, number) => String(number));
    const gone = new Set(before.flat());
    expect([...took].some((pod) => gone.has(pod)) && [...took].some((pod) => !gone.has(pod))).toBe(true);
    // If the old pod has not saved a session yet when the new one looks for it, the session is not recovered, and its client is
    // told.
    await untilAll(
      "has heard everything that was said, or that its session is another",
      chat,
      (client) => client.connects > 1 || numbers.every((number) => client.heard.has(number)),
    ).catch((cause: unknown) => {
      const missed = chat
        .filter(({ connects }) => connects <= 1)
        .map(({ heard }) => numbers.filter((number) => !heard.has(number)))
        .filter(({ length }) => length > 0);
      throw new Error(`${String(cause)}; of ${numbers.length}, not heard: ${JSON.stringify(missed)}`, {
        cause,
      });
    });
    const recovered = chat.filter(({ connects }) => connects === 1).length;
    process.stderr.write(`e2e: sessions of Socket.IO recovered: ${recovered} of ${chat.length}\n`);
    expect(recovered).toBeGreaterThan(clients / 2);
    expect(chat.flatMap(({ disconnects, errors }) => [...disconnects, ...errors])).toEqual([]);
    expect(chat.flatMap(({ refusals }) => refusals)).toEqual([]);

    for (const client of talkers) client.stopTalking();
    for (const [name, some] of byName) {
      await untilAll(
        `of ${name} has its last words echoed`,
        some,
        ({ sent, echoes: heard }) => heard.at(-1) === sent - 1,
      );
      expect({ name, closes: some.flatMap(({ closes }) => closes) }).toEqual({ name, closes: [] });
      for (const { sent, echoes: heard } of some) {
        const inOrder = [...new Set(heard)];
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
        if (name === "echo") expect(inOrder).toHaveLength(sent);
        else expect(inOrder).toHaveLength(heard.length);
      }
    }
  }, 300_000);
});

interface ChatOptions {
  readonly target: { readonly url: string; readonly host?: string };
  readonly transports: ("polling" | "websocket")[];
  readonly address?: string;
}

/** Connects clients to the chat, and waits until each has its transport. */
async function connectChat(options: readonly ChatOptions[]): Promise<ChatClient[]> {
  const all = options.map(({ target, transports, address }) => {
    const client = new ChatClient(target, transports, address);
    everyone.add(client);
    return client;
  });
  await untilAll("is connected to the chat", all, (client, index) => {
    const wanted = options[index]?.transports.at(-1);
    return client.socket.connected && client.transport === wanted;
  });
  return all;
}

/** Waits until a condition is true for all clients; otherwise rejects with a description of some for which it is not. */
async function untilAll<Client extends ChatClient | EchoClient>(
  what: string,
  all: readonly Client[],
  holds: (client: Client, index: number) => boolean,
): Promise<void> {
  const others = () => all.filter((client, index) => !holds(client, index));
  await until(`each client ${what}`, limitMs, () => (others().length === 0 ? true : undefined)).catch(
    (error: unknown) => {
      const some = others()
        .slice(0, 3)
        .map((client) => client.describe());
      throw new Error(`${String(error)}: ${others().length} of ${all.length}, such as ${some.join("; ")}`, {
        cause: error,
      });
    },
  );
}
