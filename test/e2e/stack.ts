import { createHmac } from "node:crypto";
import type { LoadClientFactory } from "../../ops/load/client";
import type { Target } from "../../ops/load/target";
import { renderStack } from "../../ops/render/render";
import { apply, kubectl, kubectlJson, type Manifest } from "./kubectl";
import { pods } from "./pods";
import { readSurroundings, type Surroundings } from "./surroundings";
import { until } from "./until";

/** The prefix of every namespace that the tests create. */
export const namespacePrefix = "holdfast-e2e";

/** The longest time from an applied Deployment to its last ready pod, on a busy machine. Seconds. */
const startLimitSeconds = 240;

/** A service of a deployed stack. */
export interface DeployedService {
  readonly name: string;
  /** The path prefix at the edge. */
  readonly path: string;
  readonly replicas: number;
  /** The address of the Service. */
  readonly address: string;
}

/** A stack that is applied and whose pods are all ready. */
export interface DeployedStack {
  readonly namespace: string;
  readonly host: string;
  readonly services: readonly DeployedService[];
  /** The objects that were applied. */
  readonly objects: readonly Manifest[];
}

/** The secrets of this run: as random as the seed, and always the same for a name. */
export function secretsOf({ secretSeed }: Surroundings): (name: string) => string {
  return (name) => createHmac("sha256", secretSeed).update(name).digest("hex");
}

/** `staging` unchanged, including its times; all tests that only need a stack share it. */
export function staging(): Promise<DeployedStack> {
  return deploy(namespacePrefix, { host: "api.nova.social" });
}

/**
 * Applies the rendered `staging` with the given changes of its configuration, and waits until every pod is ready and none is
 * terminating. Applying it again changes nothing.
 */
export async function deploy(
  namespace: string,
  overrides: Readonly<Record<string, unknown>> & { readonly host: string },
): Promise<DeployedStack> {
  const surroundings = readSurroundings();
  const { images, edge } = surroundings;
  const rendered = await renderStack("staging", {
    overrides: {
      namespace,
      image: images.app,
      ...(images.redis === undefined ? {} : { sessionStore: { image: images.redis } }),
      network: { edge: [{ namespaceLabels: { "kubernetes.io/metadata.name": edge.namespace } }] },
      ...overrides,
    },
    secrets: secretsOf(surroundings),
  });
  const objects = surroundings.ipv6Policies ? rendered : rendered.map(withoutIpv6);
  await apply([...objects, clientPolicy(namespace, surroundings)]);
  const deployments = objects.filter(({ kind }) => kind === "Deployment") as unknown as Deployment[];
  for (const workload of [
    "statefulset/redis",
    ...deployments.map(({ metadata }) => `deployment/${metadata.name}`),
  ]) {
    const limit = `--timeout=${startLimitSeconds}s`;
    await kubectl(["--namespace", namespace, "rollout", "status", workload, limit]);
  }
  const services = await Promise.all(deployments.map((deployment) => describe(namespace, deployment)));
  for (const service of services) await atRest(namespace, service);
  return { namespace, host: overrides.host, services, objects };
}

/** Waits until a service has all of its pods ready, and no other pod. */
export async function atRest(namespace: string, { name, replicas }: DeployedService): Promise<void> {
  await until(`${name} is at rest in ${namespace}`, startLimitSeconds * 1_000, async () => {
    const found = await pods(namespace, name);
    return found.length === replicas && found.every(({ ready, deleted }) => ready && !deleted)
      ? true
      : undefined;
  });
}

/** The two routes to a service: by the client's address through the Service, by its cookie through the edge. */
export function targets(
  { host }: DeployedStack,
  { name, path, address }: DeployedService,
): readonly [byService: Target, byEdge: Target] {
  const { edge } = readSurroundings();
  return [
    { service: name, entry: "clientIp", url: `ws://${address}:8080${path}` },
    { service: name, entry: "cookie", url: `ws://${edge.address}:${edge.port}${path}`, host },
  ];
}

/** Makes a load's clients use all client addresses in turn, so that a Service sees many clients. */
export function fromManyAddresses(make: LoadClientFactory): LoadClientFactory {
  const { clientAddresses } = readSurroundings();
  let made = 0;
  return (args) => {
    const localAddress = clientAddresses[made++ % clientAddresses.length];
    return make({ ...args, dialing: { ...args.dialing, localAddress } });
  };
}

interface Deployment {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[];
      };
    };
  };
}

async function describe(
  namespace: string,
  { metadata: { name }, spec }: Deployment,
): Promise<DeployedService> {
  const env = spec.template.spec.containers[0]?.env;
  const path = env?.find((variable) => variable.name === "SERVICE_PATH")?.value ?? "";
  const service = await kubectlJson<{ spec: { clusterIP: string } }>([
    ...["--namespace", namespace, "get", "service", name],
  ]);
  return { name, path, replicas: spec.replicas, address: service.spec.clusterIP };
}

/** The same without the IPv6 networks that a policy allows. */
function withoutIpv6(object: Manifest): Manifest {
  if (object.kind !== "NetworkPolicy") return object;
  const isIpv6 = (peer: unknown) =>
    (peer as { ipBlock?: { cidr: string } }).ipBlock?.cidr.includes(":") === true;
  const text = JSON.stringify(object, (_key, value: unknown) =>
    Array.isArray(value) ? value.filter((peer) => !isIpv6(peer)) : value,
  );
  return JSON.parse(text) as Manifest;
}

/** The tests' clients are not pods, so no rule of the stack allows them; this policy is added for them. */
function clientPolicy(namespace: string, { clientNetworks }: Surroundings): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "e2e-clients", namespace },
    spec: {
      podSelector: { matchLabels: { "app.kubernetes.io/component": "websocket-service" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: clientNetworks.map((cidr) => ({ ipBlock: { cidr } })),
          ports: [{ protocol: "TCP", port: 8080 }],
        },
      ],
    },
  };
}
