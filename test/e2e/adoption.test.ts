import { get } from "node:http";
import { text } from "node:stream/consumers";
import { Load } from "../../ops/load/load";
import { judge } from "../../ops/load/verdict";
import { documentedStacks } from "./docs";
import { apply, kubectl, kubectlJson, type Manifest } from "./kubectl";
import { PulumiStack, smallStore } from "./pulumi";
import { SessionClient } from "./session-client";
import { namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

/**
 * docs/adoption.md, phase by phase, on a Deployment and a Service that kubectl created: its stack files, with other names and
 * times.
 */

const namespace = `${namespacePrefix}-adopted`;
const own = ["--namespace", namespace];
const host = "adopted.nova.social";
const limitMs = 120_000;
const { images, edge } = readSurroundings();

/** A minimal server that reports its pod. */
const server = `
const pod = require("node:os").hostname();
require("node:http").createServer((_, response) => response.end(pod)).listen(3000);
process.on("SIGTERM", () => process.exit());`;

const deployment = (podSpec: object = {}): Manifest => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "chat", namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "chat", tier: "web" } },
    template: {
      metadata: { labels: { app: "chat", tier: "web" } },
      spec: {
        containers: [
          {
            name: "server",
            image: images.app,
            imagePullPolicy: "IfNotPresent",
            command: ["node", "-e", server],
            ports: [{ containerPort: 3000 }],
          },
        ],
        ...podSpec,
      },
    },
  },
});

const service: Manifest = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "chat", namespace },
  spec: { selector: { app: "chat", tier: "web" }, ports: [{ name: "ws", port: 3000 }] },
};

const [phase1, phase2, phase3] = documentedStacks("adoption.md") as [Values, Values, Values];

type Values = Record<string, unknown> & { readonly services: readonly [{ readonly existing?: object }] };

/** A phase's file with this namespace and host, and with short times. */
const config = (phase: Values, more: object = {}) => ({
  ...phase,
  namespace: { name: namespace, create: false },
  ...(phase.host === undefined ? {} : { host }),
  minReadySeconds: 1,
  ...more,
});

/** An object as its owner created it: without what the API server and its controllers write. */
async function live(kind: string): Promise<Record<string, unknown>> {
  const { metadata, spec } = await kubectlJson<{
    metadata: Manifest["metadata"] & { annotations?: object };
    spec: object;
  }>([...[...own, "get", kind, "chat"]]);
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== "deployment.kubernetes.io/revision"),
  );
  return { annotations, spec };
}

/** As kubectl applies without --server-side: it owns the defaults of the objects that it creates. */
const applyAsOwner = (...objects: Manifest[]) =>
  kubectl(["apply", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));

/** For phase 3: what this cluster has instead of the page's examples. */
const application = {
  image: images.app,
  auth: { kind: "anonymous" },
  sessionStore: smallStore(),
  resources: { cpu: "50m", memory: "256Mi" },
  drain: { preStopSeconds: 3, drainSeconds: 10, preStopHook: "http" },
};

const asMade = async () => ({ deployment: await live("deployment"), service: await live("service") });

/** One request through the edge, with a cookie, or without one as on a first visit. */
function visit(cookie?: string): Promise<{ pod: string; cookie: string }> {
  const headers = { host, ...(cookie !== undefined && { cookie }) };
  return new Promise((resolve, reject) => {
    get({ host: edge.address, port: edge.port, path: "/chat", headers, agent: false }, (response) => {
      const [set = ""] = response.headers["set-cookie"] ?? [];
      text(response).then((pod) => {
        if (response.statusCode === 200) resolve({ pod, cookie: set.split(";")[0] ?? "" });
        else reject(new Error(`${response.statusCode} ${pod}`));
      }, reject);
    }).on("error", reject);
  });
}

let stack: PulumiStack;
let before: Awaited<ReturnType<typeof asMade>>;

beforeAll(async () => {
  await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  await applyAsOwner(deployment(), service);
  await kubectl([...own, "rollout", "status", "deployment/chat", "--timeout=120s"]);
  before = await asMade();
  stack = await PulumiStack.create("adopted", config(phase1));
}, 600_000);

afterAll(() => stack.remove());

describe("a Deployment and a Service that kubectl made", () => {
  it("phase 1: get what is missing, and nothing else", async () => {
    await stack.up();
    const adopted = await kubectlJson<{
      spec: {
        minReadySeconds: number;
        strategy: object;
        template: {
          spec: {
            terminationGracePeriodSeconds: number;
            containers: { lifecycle?: object; image: string }[];
          };
        };
      };
    }>([...own, "get", "deployment", "chat"]);
    expect(adopted.spec).toMatchObject({
      minReadySeconds: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        spec: {
          terminationGracePeriodSeconds: 45,
          containers: [{ image: images.app, lifecycle: { preStop: { sleep: { seconds: 10 } } } }],
        },
      },
    });
    expect((await live("service")).spec).toMatchObject({
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    const budget = await kubectlJson<{ status: { expectedPods: number } }>([
      ...[...own, "get", "poddisruptionbudget", "chat-holdfast"],
    ]);
    expect(budget.status.expectedPods).toBe(2);

    expect(Object.keys(await stack.up())).toEqual(["same"]);
  }, 600_000);

  it("phase 2: get an edge that keeps each client on its pod", async () => {
    await stack.configure(config(phase2));
    await stack.up();
    const first = await until("the edge leads to the pods", limitMs, () => visit().catch(() => undefined));
    const others = await Promise.all(Array.from({ length: 15 }, () => visit()));
    expect(new Set([first, ...others].map(({ pod }) => pod)).size).toBe(2);
    expect(first.cookie).toMatch(/^SERVERID=/);
    for (let again = 0; again < 5; again++) expect((await visit(first.cookie)).pod).toBe(first.pod);
  }, 600_000);

  it("phase 3: are given back when the stack makes the service, whose rollouts lose nothing", async () => {
    await stack.configure(config(phase3, application));
    await stack.up();
    expect(await asMade()).toEqual(before);
    await kubectl([...own, "wait", "--for=condition=Available", "deployment/messaging", "--timeout=120s"]);
    const url = `ws://${edge.address}:${edge.port}/chat`;
    const load = new Load({
      ...{ clients: 20, rate: 20, roomsPerService: 2 },
      targets: [{ service: "messaging", entry: "cookie", url, host }],
      makeClient: (args) => new SessionClient(args),
    });
    try {
      await load.connect(limitMs);
      load.startPublishing();
      await kubectl([...own, "rollout", "restart", "deployment/messaging"]);
      await kubectl([...own, "rollout", "status", "deployment/messaging", "--timeout=240s"]);
      load.stopPublishing();
      await load.settle(20_000, limitMs);
      const { sent, lost, duplicated } = judge(load.journal);
      expect(sent).toBeGreaterThan(20);
      expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
    } finally {
      await load.stop();
    }
  }, 600_000);

  it("are given back when the stack is taken back to phase 2 and destroyed", async () => {
    await stack.configure(config(phase2));
    await stack.up();
    expect(await asMade()).not.toEqual(before);
    await stack.destroy();
    expect(await asMade()).toEqual(before);
    expect(await kubectl([...own, "get", "poddisruptionbudgets,ingresses", "--output", "name"])).toBe("");
  }, 600_000);

  it("keep a value that their owner has set; the error names field, owner and change", async () => {
    await stack.configure(config(phase1));
    await applyAsOwner(deployment({ terminationGracePeriodSeconds: 60 }));
    const { code, output } = await stack.run("preview", "--stack", "adopted");
    expect(code).not.toBe(0);
    expect(output).toContain(
      "spec.template.spec.terminationGracePeriodSeconds is 60, set by kubectl-client-side-apply; this stack sets 45.",
    );
    expect(output).toContain("services[].existing.force");
    expect(output).not.toMatch(/^\s+at .*\(/m);
  }, 600_000);
});
