import { Browser } from "./browser";
import { apply, clusterIp, kubectl } from "./kubectl";
import { pods, type Pod } from "./pods";
import { reach, startProbePod, type Outcome } from "./probe-pod";
import { namespacePrefix, staging, targets, type DeployedService, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

/** A namespace outside of the stack. */
const elsewhere = `${namespacePrefix}-stranger`;
const probe = "holdfast-e2e-probe";
const { edge } = readSurroundings();

let stack: DeployedStack;
let service: DeployedService;
let running: readonly Pod[];
let redis: string;
/** A pod that any pod can reach: if another one does not answer, a policy is the cause and not the network. */
let dns: string;

beforeAll(async () => {
  stack = await staging();
  [service] = stack.services as [DeployedService, ...DeployedService[]];
  running = await pods(stack.namespace, service.name);
  redis = `redis.${stack.namespace}.svc:6379`;
  dns = `${await clusterIp("kube-system", "kube-dns")}:53`;
  await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: elsewhere } }]);
  await Promise.all(
    [elsewhere, stack.namespace, edge.namespace].map((namespace) => startProbePod(namespace, probe)),
  );
}, 300_000);

afterAll(async () => {
  for (const namespace of [stack.namespace, edge.namespace]) {
    await kubectl(["--namespace", namespace, "delete", "pod", probe]);
  }
});

/** Every port of a pod of the service, and its Service's. */
function doors(): string[] {
  const [pod] = running as [Pod];
  const own = [8080, 8081, 9090, 9091].map((port) => `${pod.address}:${port}`);
  return [...own, ...[8080, 8081].map((port) => `${service.name}.${stack.namespace}.svc:${port}`)];
}

function all(targets: readonly string[], outcome: Outcome): Record<string, Outcome> {
  return Object.fromEntries(targets.map((target) => [target, outcome]));
}

it("lets the application reach Redis, and DNS to find it by name", async () => {
  for (const { name } of running) {
    expect(await reach(stack.namespace, name, redis, dns)).toEqual(all([redis, dns], "open"));
  }
});

it("lets the application connect nowhere else: no other pod, not the API server, not the edge", async () => {
  const [pod, other] = running as [Pod, Pod];
  const closed = [
    `${other.address}:8080`,
    `${other.address}:9091`,
    "10.96.0.1:443",
    `${edge.address}:${edge.port}`,
  ];
  expect(await reach(stack.namespace, pod.name, ...closed)).toEqual(all(closed, "silent"));
});

it("lets the edge connect to the application, by http and grpc and no other port", async () => {
  const [, byEdge] = targets(stack, service);
  expect(running.map(({ name }) => name)).toContain(await new Browser().visit(byEdge));
  const [http, grpc, metrics, lifecycle, ...services] = doors() as [string, string, string, string];
  expect(await reach(edge.namespace, probe, ...doors(), redis)).toEqual({
    ...all([http, grpc, ...services], "open"),
    ...all([metrics, lifecycle, redis], "silent"),
  });
});

it("lets another pod connect neither to the application nor to Redis", async () => {
  const open = [dns, `${edge.address}:${edge.port}`];
  const closed = [...doors(), redis];
  expect(await reach(elsewhere, probe, ...open, ...closed)).toEqual({
    ...all(open, "open"),
    ...all(closed, "silent"),
  });
});

it("closes everything else in the namespace, including DNS", async () => {
  // By address, since it cannot resolve names.
  const closed = [...doors().slice(0, 4), `${service.address}:8080`, dns];
  const outcomes = await until("the default policy covers the new pod", 20_000, async () => {
    const found = await reach(stack.namespace, probe, ...closed);
    return found[dns] === "silent" ? found : undefined;
  });
  expect(outcomes).toEqual(all(closed, "silent"));
});
