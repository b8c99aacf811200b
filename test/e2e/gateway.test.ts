import type { WebSocket } from "ws";
import { Browser } from "./browser";
import {
  expectUnnoticed,
  openOf,
  openSockets,
  placements,
  rehearseThroughEdge,
  untilRouted,
  visitDeadPod,
  type EdgeUnderTest,
} from "./edge-trial";
import { startKillers } from "./killer";
import { apply, kubectlJson, type Manifest } from "./kubectl";
import { describeOnLab, lab, removeNamespace, startLab } from "./lab";
import { pods } from "./pods";
import { deploy, namespacePrefix, type DeployedService } from "./stack";
import { until } from "./until";

const namespace = `${namespacePrefix}-gateway`;
const host = "gateway.nova.social";
/** More than twice Envoy's default of 1,024 connections, so that one of two proxies exceeds it, however they share. */
const sockets = 2_300;

describeOnLab("gateway", "staging behind Envoy Gateway", () => {
  let edge: EdgeUnderTest;
  beforeAll(async () => {
    await startLab("gateway");
    const stack = await deploy(namespace, {
      host,
      edge: { kind: "gateway" },
      network: { edge: [{ namespaceLabels: { "kubernetes.io/metadata.name": "envoy-gateway-system" } }] },
      services: [{ name: "messaging-service", path: "/messaging", replicas: 3 }],
      affinity: { cookieSecure: false },
      drain: { preStopSeconds: 3, drainSeconds: 10, gracePeriodSeconds: 18 },
      minReadySeconds: 2,
    });
    const [service] = stack.services as [DeployedService];
    const address = await lab("gateway", "address", namespace, "holdfast");
    edge = { lab: "gateway", stack, service, target: { url: `ws://${address}${service.path}`, host } };
    await untilRouted(edge.target);
  }, 600_000);
  afterAll(() => removeNamespace(namespace), 150_000);

  it("accepts every object of the stack as it is", async () => {
    const statusOf = async (kind: string, name: string) =>
      (await kubectlJson<{ status: Status }>(["--namespace", namespace, "get", kind, name])).status;
    const gateway = await statusOf("gateways.gateway.networking.k8s.io", "holdfast");
    expect(conditions(gateway)).toMatchObject({ Accepted: "True", Programmed: "True" });
    const { parents } = await statusOf("httproutes", edge.service.name);
    expect(parents?.map(conditions)).toEqual([
      expect.objectContaining({ Accepted: "True", ResolvedRefs: "True" }),
    ]);
    const { ancestors } = await statusOf("backendtrafficpolicies", edge.service.name);
    expect(ancestors?.map(conditions)).toEqual([expect.objectContaining({ Accepted: "True" })]);
  });

  it("keeps 30 clients on their pods by a cookie of the service's path, and uses all pods", async () => {
    const { browsers, met } = await placements(edge.target, 30);
    for (const [first, ...again] of met) expect(again).toEqual([first, first]);
    const running = await pods(namespace, edge.service.name);
    expect(new Set(met.flat())).toEqual(new Set(running.map(({ name }) => name)));
    const cookies = await browsers[0]?.cookies.store.getAllCookies();
    expect(cookies).toEqual([
      expect.objectContaining({ key: "SERVERID", path: edge.service.path, maxAge: 86_400, httpOnly: true }),
    ]);
  });

  it("carries 2,300 sockets over two proxies", async () => {
    const opened = await openSockets(edge.target, sockets);
    expect(openOf(opened)).toBe(sockets);
    for (const socket of opened) socket.terminate();
  }, 300_000);

  it.each(["reject", "drop"] as const)(
    "refuses no client while a pod is dead and still listed (%s)",
    async (how) => {
      const { clients, refusals, servedBy, dead, listed } = await visitDeadPod(edge, how);
      expect(refusals).toEqual([]);
      expect(servedBy).toHaveLength(2 * clients);
      expect(servedBy).not.toContain(dead);
      expect(listed).toBe(true);
    },
    120_000,
  );

  it("keeps quiet and long sockets whatever limits a ClientTrafficPolicy of the Gateway sets", async () => {
    // A room with its own route, but without a policy: sockets that are cut there show that the limits work.
    await apply([limits, controlRoute(edge.service.name)]);
    const open = async (room: string) => (await new Browser().open(edge.target, room)).socket;
    const cut = async (socket: WebSocket) => {
      await new Promise((resolve) => socket.once("close", resolve));
    };
    await until("the limits act", 60_000, async () => {
      const socket = await open("control").catch(() => undefined);
      if (socket === undefined) return undefined;
      const isCut = await Promise.race([
        cut(socket).then(() => true),
        new Promise<undefined>((resolve) => setTimeout(resolve, 5_000, undefined)),
      ]);
      socket.terminate();
      return isCut;
    });
    const quiet = await open("lobby");
    const busy = await open("lobby");
    const talking = setInterval(() => busy.send("still here"), 200);
    const busyControl = await open("control");
    const talkingControl = setInterval(() => busyControl.send("still here"), 200);
    try {
      // One is cut because it is silent, the other because of its age.
      await Promise.all([open("control").then(cut), cut(busyControl)]);
      expect(openOf([quiet, busy])).toBe(2);
    } finally {
      clearInterval(talking);
      clearInterval(talkingControl);
      for (const socket of [quiet, busy]) socket.terminate();
    }
  }, 120_000);

  it("loses nothing in a rolling restart and a killed pod, as rehearse sees it through the Gateway", async () => {
    await startKillers();
    expectUnnoticed(await rehearseThroughEdge(edge), "gateway");
  }, 300_000);
});

interface Conditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/** The status of a Gateway, of a route with its parents, or of a policy with its ancestors. */
interface Status extends Conditions {
  readonly parents?: readonly Conditions[];
  readonly ancestors?: readonly Conditions[];
}

function conditions({ conditions: all = [] }: Conditions): Record<string, string> {
  return Object.fromEntries(all.map(({ type, status }) => [type, status]));
}

/** Limits that a platform team may set for all clients of a Gateway: shorter than the pings of 25 s keep alive. */
const limits: Manifest = {
  apiVersion: "gateway.envoyproxy.io/v1alpha1",
  kind: "ClientTrafficPolicy",
  metadata: { name: "limits", namespace },
  spec: {
    targetRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "holdfast" }],
    timeout: { http: { streamIdleTimeout: "1s" } },
    connection: { connectionLimit: { maxStreamDuration: "3s" } },
  },
};

/** A longer prefix than the stack's own route, so that it takes one room over. */
function controlRoute(service: string): Manifest {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "control", namespace },
    spec: {
      parentRefs: [{ name: "holdfast" }],
      hostnames: [host],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/messaging/chat/control" } }],
          backendRefs: [{ name: service, port: 8080 }],
          timeouts: { request: "0s" },
        },
      ],
    },
  };
}
