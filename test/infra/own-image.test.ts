import type { KubernetesObject } from "../../ops/render/kubernetes-object";
import { examples, stacks } from "../../ops/render/stacks";
import { readStackConfig } from "../../ops/render/stack-config";
import { parseConfig, type Config } from "../../infra/config";
import { selects } from "../../infra/policy/workload";
import { generated, rendered } from "./rendered";

/** Tests of every service of every stack and example, read from the rendered manifests. */

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
}

interface Policy {
  readonly metadata: { readonly namespace?: string };
  readonly spec: {
    readonly podSelector: object;
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly object[];
      readonly ports?: readonly { port: number }[];
    }[];
  };
}

async function configOf(stack: string): Promise<Config> {
  const { values, secretKeys } = await readStackConfig(stack, {}, generated);
  return parseConfig({ stack, values, isSecret: (key) => secretKeys.includes(key), checkSecrets: false });
}

function podOf(objects: readonly KubernetesObject[], name: string) {
  const deployment = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name);
  const template = (
    deployment as unknown as {
      spec: { template: { metadata: { labels: Record<string, string> }; spec: { containers: Container[] } } };
    }
  ).spec.template;
  const [app] = template.spec.containers;
  if (app === undefined) throw new Error(`${name} has no container`);
  return { labels: template.metadata.labels, app };
}

describe.each([...stacks(), ...examples()])("each service of %s", (stack) => {
  test("has at least one allowed peer on its http port", async () => {
    const [config, objects] = [await configOf(stack), await rendered(stack)];
    const policies = objects.filter(({ kind }) => kind === "NetworkPolicy") as unknown as Policy[];
    for (const { name } of config.services) {
      const { labels, app } = podOf(objects, name);
      const http = app.ports.find((port) => port.name === "http")?.containerPort;
      const own = policies.filter(({ spec }) => selects(spec.podSelector, labels));
      const isClosed = own.some(({ spec }) => spec.policyTypes.includes("Ingress"));
      const peers = own
        .flatMap(({ spec }) => spec.ingress ?? [])
        .filter(({ ports }) => ports?.some(({ port }) => port === http) ?? true)
        .flatMap(({ from }) => from ?? [{}]);
      expect({ name, isClosed, admits: peers.length > 0 }).toEqual({ name, isClosed: true, admits: true });
    }
  });

  test("is probed by what its image serves", async () => {
    const [config, objects] = [await configOf(stack), await rendered(stack)];
    for (const { name, isApplication, probes } of config.services) {
      const { app } = podOf(objects, name);
      const asked = [app.startupProbe, app.readinessProbe, app.livenessProbe].filter(
        (probe) => probe !== undefined,
      );
      const paths = new Set(asked.flatMap(({ httpGet }) => (httpGet === undefined ? [] : [httpGet.path])));
      const declared = isApplication
        ? ["/startupz", "/readyz", "/livez"]
        : Object.values(probes ?? {}).flatMap((probe) =>
            probe !== undefined && "path" in probe ? [probe.path] : [],
          );
      expect([...paths].sort()).toEqual([...new Set(declared)].sort());
      const ports = app.ports.flatMap((port) => [port.name, port.containerPort]);
      for (const { httpGet, tcpSocket } of asked) expect(ports).toContain(httpGet?.port ?? tcpSocket?.port);
    }
  });

  test("gets no variable that it does not require", async () => {
    const [config, objects] = [await configOf(stack), await rendered(stack)];
    for (const { name, isApplication, env, sessionStore } of config.services) {
      if (isApplication) continue;
      const asked = [...Object.keys(env), ...(sessionStore === undefined ? [] : [sessionStore.env])];
      const given = (podOf(objects, name).app.env ?? []).map((variable) => variable.name);
      expect({ name, given: given.sort() }).toEqual({ name, given: asked.sort() });
    }
  });
});

test("a Holdfast application may also connect to the peers in its egress", async () => {
  const services = [
    { name: "chat", path: "/chat", egress: [{ to: { cidr: "10.20.0.7/32" }, ports: [3128] }] },
  ];
  const objects = await rendered("staging", { services });
  const policy = objects.find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === "chat");
  const { egress } = (policy as unknown as { spec: { egress: readonly object[] } }).spec;
  expect(egress).toHaveLength(3); // DNS, the session store, and the proxy of the company
  expect(egress).toContainEqual({
    to: [{ ipBlock: { cidr: "10.20.0.7/32" } }],
    ports: [{ protocol: "TCP", port: 3128 }],
  });
});
