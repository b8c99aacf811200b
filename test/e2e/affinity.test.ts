import { Cookie } from "tough-cookie";
import type { Target } from "../../ops/load/target";
import { Browser } from "./browser";
import { apply, kubectl, type Manifest } from "./kubectl";
import { pods } from "./pods";
import { atRest, staging, targets, type DeployedService, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

const clients = 30;

let stack: DeployedStack;
let service: DeployedService;
let byService: Target;
let byEdge: Target;

beforeAll(async () => {
  stack = await staging();
  [service] = stack.services as [DeployedService, ...DeployedService[]];
  [byService, byEdge] = targets(stack, service);
}, 300_000);

const podNames = async () => (await pods(stack.namespace, service.name)).map(({ name }) => name);

describe("a Service with ClientIP affinity", () => {
  it("gives one address the same pod on 50 connections, some at a time", async () => {
    const browser = new Browser(readSurroundings().clientAddresses[0]);
    const met = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const visits = Array.from({ length: 10 }, () => browser.visit(byService));
      for (const pod of await Promise.all(visits)) met.add(pod);
    }
    expect([...met]).toEqual([expect.any(String)]);
  });

  it("spreads 30 addresses over all pods, and each reaches its pod again", async () => {
    const browsers = readSurroundings()
      .clientAddresses.slice(0, clients)
      .map((address) => new Browser(address));
    const visitAll = () => Promise.all(browsers.map((browser) => browser.visit(byService)));
    const first = await visitAll();
    expect(new Set(first)).toEqual(new Set(await podNames()));
    expect(await visitAll()).toEqual(first);
  });
});

describe("the edge with cookie affinity", () => {
  it("sets the cookie that the configuration describes", async () => {
    const { socket, setCookies } = await new Browser().open(byEdge);
    socket.terminate();
    const cookies = setCookies.map((header) => Cookie.parse(header));
    expect(cookies).toEqual([
      expect.objectContaining({ key: "SERVERID", path: service.path, maxAge: 86_400 }),
    ]);
    expect(cookies).toEqual([expect.objectContaining({ secure: true, httpOnly: true, sameSite: "lax" })]);
  });

  it("keeps two services under one host apart: neither overwrites the other's cookie", async () => {
    const edges = stack.services.map((each) => targets(stack, each)[1]);
    const browser = new Browser();
    const visitBoth = async () => {
      const met: string[] = [];
      for (const edge of edges) met.push(await browser.visit(edge));
      return met;
    };
    const first = await visitBoth();
    for (let again = 0; again < 5; again++) expect(await visitBoth()).toEqual(first);
    const cookies = await browser.cookies.store.getAllCookies();
    expect(cookies.map(({ key, path }) => `${key} ${path ?? ""}`).sort()).toEqual(
      stack.services.map(({ path }) => `SERVERID ${path}`).sort(),
    );
  });

  it("moves a browser on most returns if one Ingress gives two services one cookie, as most guides show", async () => {
    const host = "together.nova.social";
    const ingress = guide(host);
    await apply([ingress]);
    try {
      const edges = stack.services.map((each) => ({ ...targets(stack, each)[1], host }));
      const [first] = edges as [Target, ...Target[]];
      await until("the edge serves the new host", 30_000, () =>
        new Browser().visit(first).catch(() => undefined),
      );
      const browser = new Browser();
      const last = new Map<Target, string>();
      let returns = 0;
      let moved = 0;
      for (let round = 0; round < 13; round++) {
        for (const edge of edges) {
          const pod = await browser.visit(edge);
          if (last.has(edge)) returns++;
          if (last.has(edge) && last.get(edge) !== pod) moved++;
          last.set(edge, pod);
        }
      }
      process.stdout.write(`one Ingress, two services: ${moved} of ${returns} returns met another pod\n`);
      expect(moved).toBeGreaterThan(returns / 2);
    } finally {
      await kubectl(["--namespace", stack.namespace, "delete", "ingress", ingress.metadata.name]);
    }
  }, 60_000);

  it("keeps 30 clients on their pods, moves those of a terminating pod, and refuses none", async () => {
    const browsers = Array.from({ length: clients }, () => new Browser());
    const visitAll = (some: readonly Browser[]) => Promise.all(some.map((browser) => browser.visit(byEdge)));
    const first = await visitAll(browsers);
    expect(new Set(first)).toEqual(new Set(await podNames()));
    for (let again = 0; again < 3; again++) expect(await visitAll(browsers)).toEqual(first);

    const [going = ""] = first;
    const leavers = browsers.filter((_, index) => first[index] === going);
    const stayers = browsers.filter((_, index) => first[index] !== going);
    await kubectl(["--namespace", stack.namespace, "delete", "pod", going, "--wait=false"]);
    // A refusal at any time would reject.
    const moved = await until("the edge leaves the pod that goes", 20_000, async () => {
      const met = await visitAll(leavers);
      return met.includes(going) ? undefined : met;
    });
    expect(await visitAll(leavers)).toEqual(moved); // each has a new cookie now
    expect(await visitAll(stayers)).toEqual(first.filter((pod) => pod !== going));
    await atRest(stack.namespace, service);
  }, 120_000);
});

/** Both services in one Ingress, with one cookie at the path `/`. */
function guide(host: string): Manifest {
  const annotations = {
    affinity: "cookie",
    "affinity-mode": "persistent",
    "session-cookie-name": "SERVERID",
    "session-cookie-path": "/",
    "session-cookie-max-age": "86400",
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: "together",
      namespace: stack.namespace,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
      ),
    },
    spec: {
      ingressClassName: "nginx",
      rules: [
        {
          host,
          http: {
            paths: stack.services.map(({ name, path }) => ({
              path,
              pathType: "Prefix",
              backend: { service: { name, port: { name: "http" } } },
            })),
          },
        },
      ],
    },
  };
}
