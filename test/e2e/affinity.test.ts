import { Cookie } from "tough-cookie";
import type { Target } from "../../ops/load/target";
import { Browser } from "./browser";
import { kubectl } from "./kubectl";
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

  it("spreads 30 addresses over all pods, and each meets its pod again", async () => {
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

  it("keeps 30 clients on their pods, and moves those of a pod that goes, refusing nobody", async () => {
    const browsers = Array.from({ length: clients }, () => new Browser());
    const visitAll = (some: readonly Browser[]) => Promise.all(some.map((browser) => browser.visit(byEdge)));
    const first = await visitAll(browsers);
    expect(new Set(first)).toEqual(new Set(await podNames()));
    for (let again = 0; again < 3; again++) expect(await visitAll(browsers)).toEqual(first);

    const [going = ""] = first;
    const leavers = browsers.filter((_, index) => first[index] === going);
    const stayers = browsers.filter((_, index) => first[index] !== going);
    await kubectl(["--namespace", stack.namespace, "delete", "pod", going, "--wait=false"]);
    // A refusal at any moment of this would reject.
    const moved = await until("the edge leaves the pod that goes", 20_000, async () => {
      const met = await visitAll(leavers);
      return met.includes(going) ? undefined : met;
    });
    expect(await visitAll(leavers)).toEqual(moved); // each has a new cookie by now
    expect(await visitAll(stayers)).toEqual(first.filter((pod) => pod !== going));
    await atRest(stack.namespace, service);
  }, 120_000);
});
