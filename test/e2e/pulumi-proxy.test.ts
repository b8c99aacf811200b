import type { WebSocket } from "ws";
import { EdgeProbe } from "./edge-probe";
import { openOf, openSockets, untilRouted } from "./edge-trial";
import { clusterIp, kubectlJson } from "./kubectl";
import { PulumiStack, smallStore } from "./pulumi";
import { namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

/** Changes the route of clients by `pulumi up`: adds a proxy to a live service, and removes it again. */

const namespace = `${namespacePrefix}-toggled`;
const host = "toggled.nova.social";
const path = "/messaging";

/** Milliseconds. */
const limitMs = 900_000;
jest.setTimeout(limitMs);
/** The proxy's drain. Seconds. */
const drainSeconds = 20;
/** Handshakes that continue after the update, because a policy is enforced a second after its change. */
const afterwards = 40;
const clients = 20;

interface Variant {
  readonly proxied: boolean;
  readonly kind?: "nginx" | "none";
  /** Labels of the edge's pods, in addition to their namespace. */
  readonly podLabels?: Readonly<Record<string, string>>;
}

function config({ proxied, kind = "nginx", podLabels }: Variant) {
  const { images, edge, clientNetworks } = readSurroundings();
  return {
    namespace,
    host,
    image: images.app,
    auth: { kind: "anonymous" },
    edge: kind === "nginx" ? { kind, ingressClassName: "nginx" } : { kind },
    network: {
      edge: [
        {
          namespaceLabels: { "kubernetes.io/metadata.name": edge.namespace },
          ...(podLabels === undefined ? {} : { podLabels }),
        },
        ...clientNetworks.map((cidr) => ({ cidr })),
      ],
    },
    sessionStore: smallStore(),
    services: [
      {
        name: "messaging",
        path,
        replicas: 2,
        ...(proxied ? { connectionProxy: { replicas: 1, drainSeconds } } : {}),
      },
    ],
    resources: { cpu: "50m", memory: "128Mi" },
    drain: { preStopSeconds: 2, drainSeconds: 5 },
    minReadySeconds: 1,
  };
}

describe("a service with clients, under the real engine", () => {
  let stack: PulumiStack;
  let sockets: readonly WebSocket[] = [];
  const { edge } = readSurroundings();
  const target = { url: `ws://${edge.address}:${edge.port}${path}`, host };

  beforeAll(async () => {
    stack = await PulumiStack.create("toggled", config({ proxied: false }));
    await stack.up();
    await untilRouted(target);
  });

  afterAll(async () => {
    for (const socket of sockets) socket.terminate();
    await stack.remove();
  });

  /** Runs `up` while new clients connect without a pause. Returns the steps, the time, and the refused clients. */
  async function upUnderHandshakes(variant: Variant, at = target) {
    await stack.configure(config(variant));
    const probe = new EdgeProbe(at);
    const start = performance.now();
    const steps = await stack.upSteps();
    const seconds = (performance.now() - start) / 1_000;
    const before = probe.upgrades;
    await until("handshakes go on", limitMs, () =>
      probe.upgrades + probe.refusals.length >= before + afterwards ? true : undefined,
    );
    await probe.stop();
    process.stderr.write(
      `up of ${JSON.stringify(variant)}: ${Math.round(seconds)} s, ${probe.upgrades} handshakes, ` +
        `${probe.refusals.length} refused\n`,
    );
    return { steps, seconds, refusals: probe.refusals };
  }

  it("gets a proxy, and no handshake is refused", async () => {
    const { steps, refusals } = await upUnderHandshakes({ proxied: true });
    expect(refusals).toEqual([]);
    expect(steps).toContain("create Deployment messaging-proxy-deployment");
    expect(steps.filter((step) => /(update|delete) (Deployment|StatefulSet)/.test(step))).toEqual([]);
  });

  it("loses it again within the proxy's drain, and no handshake is refused", async () => {
    sockets = await openSockets(target, clients);
    const { metadata } = await kubectlJson<{ metadata: { name: string } }>([
      ...["--namespace", namespace, "get", "deployment", "messaging-proxy"],
    ]);
    expect(metadata.name).toBe("messaging-proxy");
    expect(openOf(sockets)).toBe(clients);
    const { steps, seconds, refusals } = await upUnderHandshakes({ proxied: false });
    expect(refusals).toEqual([]);
    expect(steps).toContain("delete Deployment messaging-proxy-deployment");
    // Its preStop and close, and the rest of the update on a busy machine.
    expect(seconds).toBeLessThan(drainSeconds + 160);
    expect(openOf(sockets)).toBe(0);
  });

  it("admits another edge before it stops admitting the old one", async () => {
    const { steps, refusals } = await upUnderHandshakes({
      proxied: false,
      podLabels: { "app.kubernetes.io/name": "traefik" },
    });
    expect(refusals).toEqual([]);
    expect(steps).toEqual([
      expect.stringMatching(/^create NetworkPolicy messaging-policy-from-edge-/),
      expect.stringMatching(/^delete NetworkPolicy messaging-policy-from-edge-/),
    ]);
  });

  it("changes the kind of its edge, and no handshake by the Service is refused", async () => {
    const service = { url: `ws://${await clusterIp(namespace, "messaging")}:8080${path}`, host };
    const without = await upUnderHandshakes({ proxied: false, kind: "none" }, service);
    expect(without.refusals).toEqual([]);
    // Pods roll, because their environment gets the name of the edge's cookie.
    expect(without.steps.filter((step) => / (StatefulSet|Service) /.test(step))).toEqual([]);
    expect(without.steps).toContainEqual(expect.stringMatching(/^delete Ingress /));
    const again = await upUnderHandshakes({ proxied: false }, service);
    expect(again.refusals).toEqual([]);
    expect(again.steps).toContainEqual(expect.stringMatching(/^create Ingress /));
    await untilRouted(target);
    await stack.destroy();
  });
});
