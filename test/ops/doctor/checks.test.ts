import { answer } from "../../../ops/doctor/check";
import { checks } from "../../../ops/doctor/checks";
import type { Finding, Status } from "../../../ops/doctor/finding";
import type { Snapshot } from "../../../ops/doctor/snapshot";
import { controllerPod, healthySnapshot } from "./healthy";
import { spoil } from "./spoil";

/** The first use of Pulumi's SDKs loads them, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

let healthy: Snapshot;

beforeAll(async () => {
  healthy = await healthySnapshot();
});

function problemsOf(snapshot: Snapshot, name: string): Finding[] {
  const check = checks.find((each) => each.name === name);
  if (check === undefined) throw new Error(`there is no check ${name}`);
  return answer(check, snapshot).findings.filter(({ status }) => status !== "ok");
}

it("finds nothing wrong with what the program renders", () => {
  const answers = checks.map((check) => answer(check, healthy));
  expect(answers.flatMap(({ findings }) => findings).filter(({ status }) => status !== "ok")).toEqual([]);
  const silent = answers.filter(({ findings }) => findings.length === 0).map(({ check }) => check);
  expect(silent).toEqual([
    ...["ignored-fields", "load-balancer-affinity", "controller-sockets", "gateway-routes", "istio-routes"],
    ...["load-balancer-stickiness", "nlb-targets", "readiness-gates", "autoscaler"],
  ]);
});

it("has a unique name for each check", () => {
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});

const annotation = (name: string) =>
  `objects.ingresses.0.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/${name}`;
const container = "objects.deployments.0.spec.template.spec.containers.0";
const pod = "objects.pods.0";
const balancer = (
  annotations: Record<string, string>,
  spec: object = {},
  addresses: object[] = [{ ip: "192.0.2.1" }],
) => [
  {
    metadata: { name: "edge", namespace: "nova", annotations },
    spec: {
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      selector: { "app.kubernetes.io/name": "messaging-service" },
      ports: [{ port: 443 }],
      ...spec,
    },
    status: { loadBalancer: { ingress: addresses } },
  },
];
const aws = "service.beta.kubernetes.io/aws-load-balancer-";
const nlb = { loadBalancerClass: "service.k8s.aws/nlb" };

/** What is spoiled, where, and what a check must report. */
type Case = [what: string, check: string, status: Status, path: string, value: unknown, says: RegExp];

const cases: Case[] = [
  ["a Service that is not there", "deployed", "fail", "objects.services", [], /no Service messaging-service/],
  ["no ready pod", "deployed", "fail", "objects.endpointSlices", [], /the Service has no ready pod/],
  ["a pod that is not ready", "deployed", "warn", `${pod}.status.conditions`, [], /not every pod is ready/],
  [
    "a rollout under way",
    "deployed",
    "warn",
    "objects.deployments.0.status.updatedReplicas",
    1,
    /rollout is in progress/,
  ],
  [
    "no affinity",
    "service-affinity",
    "fail",
    "objects.services.0.spec.sessionAffinity",
    "None",
    /no affinity/,
  ],
  [
    "a misspelt timeout",
    "service-affinity",
    "warn",
    "objects.services.0.spec.sessionAffinityConfig.clientIP.timeoutSeconds",
    600,
    /differs from the stack's/,
  ],
  [
    "traffic distribution beside affinity",
    "service-affinity",
    "warn",
    "objects.services.0.spec.trafficDistribution",
    "PreferClose",
    /before affinity/,
  ],
  [
    "clientIPConfig",
    "ignored-fields",
    "warn",
    "objects.services.0.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration",
    JSON.stringify({ spec: { sessionAffinityConfig: { clientIPConfig: { timeoutSeconds: 10_800 } } } }),
    /spec.sessionAffinityConfig.clientIPConfig/,
  ],
  [
    "a load balancer that ClientIP keeps pending",
    "load-balancer-affinity",
    "fail",
    "objects.services",
    balancer({}, { sessionAffinity: "ClientIP" }, []),
    /ClientIP affinity is pending/,
  ],
  [
    "a load balancer without address",
    "load-balancer-affinity",
    "fail",
    "objects.services",
    balancer({}, {}, []),
    /no address/,
  ],
  [
    "a load balancer that hides clients",
    "load-balancer-affinity",
    "warn",
    "objects.services",
    balancer({}, { externalTrafficPolicy: "Cluster" }),
    /hides the clients' addresses/,
  ],
  [
    "a class that does not exist",
    "ingress-controller",
    "fail",
    "objects.ingressClasses",
    [],
    /class that does not exist/,
  ],
  [
    "no controller",
    "ingress-controller",
    "unknown",
    "objects.controllerPods",
    [],
    /found no known controller/,
  ],
  [
    "a retired controller",
    "ingress-controller",
    "warn",
    "objects.controllerPods",
    [controllerPod("ingress-nginx", "registry.k8s.io/ingress-nginx/controller:v1.12.1@sha256:00")],
    /retired/,
  ],
  [
    "a controller that is too old",
    "ingress-controller",
    "fail",
    "objects.controllerPods.0.spec.containers.0.image",
    "traefik:v3.6.2",
    /too old to read/,
  ],
  [
    "a controller that does not tell its version",
    "ingress-controller",
    "unknown",
    "objects.controllerPods.0.spec.containers.0.image",
    "example.com/traefik:latest",
    /version is unknown/,
  ],
  [
    "a controller that is down",
    "ingress-controller",
    "fail",
    "objects.controllerPods.0.status.conditions",
    [],
    /no pod of its controller/,
  ],
  ["no Ingress", "ingress-affinity", "fail", "objects.ingresses", [], /no Ingress routes/],
  [
    "an Ingress without affinity",
    "ingress-affinity",
    "fail",
    annotation("affinity"),
    undefined,
    /sets no affinity/,
  ],
  [
    "service-upstream",
    "ingress-affinity",
    "fail",
    annotation("service-upstream"),
    "true",
    /connects to the Service/,
  ],
  [
    "no cookie path",
    "ingress-affinity",
    "warn",
    annotation("session-cookie-path"),
    undefined,
    /cookie has no path/,
  ],
  [
    "a short-lived cookie",
    "ingress-affinity",
    "warn",
    annotation("session-cookie-max-age"),
    "60",
    /expires before the session/,
  ],
  ["balanced cookies", "ingress-affinity", "warn", annotation("affinity-mode"), undefined, /moves clients/],
  [
    "session-cookie-httponly",
    "ingress-annotations",
    "fail",
    annotation("session-cookie-httponly"),
    "true",
    /HttpOnly is always set/,
  ],
  [
    "a limit that ingress-nginx has no more",
    "ingress-annotations",
    "fail",
    annotation("global-rate-limit-window"),
    "1m",
    /global-rate-limit-window \(gone since 1\.12/,
  ],
  [
    "a misspelt annotation",
    "ingress-annotations",
    "fail",
    annotation("sesion-cookie-name"),
    "X",
    /session-cookie-name\?/,
  ],
  [
    "a port that the Service has not",
    "ingress-backends",
    "fail",
    "objects.ingresses.0.spec.rules.0.http.paths.0.backend.service.port",
    { name: "web" },
    /port that the Service does not have/,
  ],
  [
    "cookies at one path",
    "cookie-collisions",
    "fail",
    "objects.ingresses.*.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/session-cookie-path",
    "/",
    /is also that of messaging-service/,
  ],
  [
    "a cookie path around another",
    "cookie-collisions",
    "fail",
    annotation("session-cookie-path"),
    "/",
    /on path \/streaming .* path \//,
  ],
  [
    "an in-tree load balancer",
    "load-balancer-stickiness",
    "fail",
    "objects.services",
    balancer({ [`${aws}type`]: "nlb" }),
    /the Service's age decides/,
  ],
  [
    "a load balancer without stickiness",
    "load-balancer-stickiness",
    "fail",
    "objects.services",
    balancer({}, nlb),
    /stickiness.enabled not set/,
  ],
  [
    "pods that go before the load balancer knows",
    "load-balancer-stickiness",
    "fail",
    "objects.services",
    balancer({ [`${aws}nlb-target-type`]: "ip" }, nlb),
    /for 120 s they still get new connections/,
  ],
  [
    "a target that one missed probe deregisters",
    "load-balancer-stickiness",
    "fail",
    "objects.services",
    balancer({ [`${aws}nlb-target-type`]: "ip" }, nlb),
    /one missed readiness probe deregisters/,
  ],
  ["node targets", "nlb-targets", "warn", "objects.services", balancer({}, nlb), /nodes, not pods/],
  ["no readiness gate", "nlb-targets", "warn", "objects.services", balancer({}, nlb), /does not wait/],
  [
    "client addresses that are lost",
    "nlb-targets",
    "warn",
    "objects.services",
    balancer({}, nlb),
    /preserve_client_ip.enabled=true/,
  ],
  [
    "services that differ",
    "services-in-sync",
    "warn",
    annotation("session-cookie-name"),
    "OTHER",
    /differ in cookie name/,
  ],
  [
    "services with different timeouts",
    "services-in-sync",
    "warn",
    "objects.services.0.spec.sessionAffinityConfig.clientIP.timeoutSeconds",
    60,
    /differ in Service affinity timeout/,
  ],
  [
    "a policy that does not know the edge's namespace",
    "edge-admission",
    "fail",
    "objects.controllerPods.0.metadata.namespace",
    "kube-system",
    /no NetworkPolicy allows the edge/,
  ],
  [
    "a pod that refuses",
    "websocket-upgrade",
    "fail",
    "observed.podUpgrades.messaging-service-0.status",
    503,
    /at the pod itself/,
  ],
  [
    "an edge that cannot reach pods",
    "edge-upgrade",
    "fail",
    "observed.edge.messaging-service.firstVisits.*.status",
    504,
    /NetworkPolicy/,
  ],
  [
    "an edge that sets no cookie",
    "edge-cookie",
    "fail",
    "observed.edge.messaging-service.firstVisits.*.setCookies",
    [],
    /does not set the cookie/,
  ],
  [
    "an edge that sets another path",
    "edge-cookie",
    "warn",
    "observed.edge.messaging-service.firstVisits.*.setCookies",
    ["SERVERID=abc; Path=/; Secure; HttpOnly"],
    /path is not \/messaging/,
  ],
  [
    "a client that meets another pod",
    "edge-stickiness",
    "fail",
    "observed.edge.messaging-service.returnVisits.0.1.pod",
    "other",
    /do not reach the same pod again/,
  ],
  [
    "an application that does not tell",
    "edge-stickiness",
    "unknown",
    "observed.edge.messaging-service.firstVisits.*.pod",
    undefined,
    /does not name the pod/,
  ],
  [
    "an idle timeout below the ping",
    "idle-timeouts",
    "fail",
    annotation("proxy-read-timeout"),
    "20",
    /between two pings/,
  ],
  [
    "nginx's own minute",
    "idle-timeouts",
    "warn",
    annotation("proxy-send-timeout"),
    undefined,
    /proxy-send-timeout: 60 s/,
  ],
  [
    "slow reconnects",
    "reconnect-latency",
    "warn",
    "observed.reconnects.messaging-service.ms",
    [10, 1_500],
    /longer than a second/,
  ],
  [
    "very slow reconnects",
    "reconnect-latency",
    "fail",
    "observed.reconnects.messaging-service.ms",
    [10, 10, 12_000],
    /10 s or more/,
  ],
  [
    "sessions that do not come back",
    "reconnect-latency",
    "fail",
    "observed.reconnects.messaging-service.resumed",
    2,
    /did not get its session back/,
  ],
  [
    "a client that is never served",
    "reconnect-latency",
    "unknown",
    "observed.reconnects.messaging-service.failed",
    { wasServed: false, reason: "no WebSocket opens" },
    /none could be cut off/,
  ],
  [
    "a client that does not come back",
    "reconnect-latency",
    "fail",
    "observed.reconnects.messaging-service.failed",
    { wasServed: true, reason: "not within 30 s" },
    /not served again/,
  ],
  [
    "a grace period that is too short",
    "drain-times",
    "fail",
    `${pod}.spec.terminationGracePeriodSeconds`,
    30,
    /at least 45/,
  ],
  ["no preStop hook", "prestop", "fail", `${container}.lifecycle`, undefined, /do not wait/],
  [
    "no readiness probe",
    "readiness",
    "fail",
    `${container}.readinessProbe`,
    undefined,
    /has no readinessProbe/,
  ],
  [
    "readiness that is too slow",
    "readiness",
    "fail",
    `${container}.readinessProbe`,
    { periodSeconds: 10 },
    /after 3 probes 10 s apart/,
  ],
  [
    "Recreate",
    "rollout-strategy",
    "fail",
    "objects.deployments.0.spec.strategy",
    { type: "Recreate" },
    /stops all pods at once/,
  ],
  [
    "a rollout with fewer pods",
    "rollout-strategy",
    "fail",
    "objects.deployments.0.spec.strategy",
    {},
    /maxUnavailable is 25%/,
  ],
  [
    "no minReadySeconds",
    "rollout-strategy",
    "warn",
    "objects.deployments.0.spec.minReadySeconds",
    0,
    /minReadySeconds is 0/,
  ],
  [
    "one replica",
    "replicas",
    "fail",
    "objects.deployments.0.spec.replicas",
    1,
    /one pod carries all clients/,
  ],
  [
    "one node",
    "replicas",
    "warn",
    "objects.pods.*.spec.nodeName",
    "node-0",
    /all of its pods are on one node/,
  ],
  ["no budget", "disruption-budgets", "warn", "objects.budgets", [], /no PodDisruptionBudget/],
  [
    "a budget that allows nothing",
    "disruption-budgets",
    "fail",
    "objects.budgets.0.spec.maxUnavailable",
    0,
    /never allows the eviction/,
  ],
  [
    "a budget that a broken pod uses up",
    "disruption-budgets",
    "warn",
    "objects.budgets.0.spec.unhealthyPodEvictionPolicy",
    undefined,
    /broken pod/,
  ],
  [
    "a restarted pod",
    "pod-restarts",
    "warn",
    `${pod}.status.containerStatuses.0.restartCount`,
    2,
    /restarted/,
  ],
  [
    "a pod with most of the sockets",
    "connection-skew",
    "warn",
    "observed.metrics.messaging-service-0.0.value",
    400,
    /2\.5 times the mean/,
  ],
  [
    "a pod without metrics",
    "connection-skew",
    "unknown",
    "observed.metrics.messaging-service-0",
    [],
    /not every pod reports/,
  ],
  [
    "a store that evicts",
    "redis-policy",
    "fail",
    "observed.redis.settings.maxmemory-policy",
    "allkeys-lru",
    /evicts sessions/,
  ],
  [
    "a store without limit",
    "redis-policy",
    "warn",
    "observed.redis.settings.maxmemory",
    "0",
    /no memory limit/,
  ],
  [
    "a full store",
    "redis-policy",
    "warn",
    "observed.redis.info.used_memory",
    String(175 * 2 ** 20),
    /almost full/,
  ],
  [
    "a store without file",
    "redis-persistence",
    "fail",
    "observed.redis.settings.appendonly",
    "no",
    /no append-only file/,
  ],
  [
    "a file that is on no volume",
    "redis-persistence",
    "fail",
    "observed.redis.settings.dir",
    "/tmp",
    /not on a volume/,
  ],
  [
    "a file that cannot be written",
    "redis-persistence",
    "warn",
    "observed.redis.info.aof_last_write_status",
    "err",
    /last write/,
  ],
  ["no monitor", "metrics-scraped", "warn", "objects.monitors", [], /no PodMonitor or ServiceMonitor/],
  [
    "a monitor without the label",
    "metrics-scraped",
    "warn",
    "objects.monitors.0.metadata.labels",
    {},
    /no Prometheus selects/,
  ],
  ["no Prometheus", "metrics-scraped", "unknown", "objects.prometheuses", [], /no Prometheus object/],
];

it.each(cases)("finds %s (%s: %s)", (_what, check, status, path, value, says) => {
  const problems = problemsOf(spoil(healthy, path, value), check);
  const found = problems.filter(
    (finding) => finding.status === status && says.test(`${finding.what} ${finding.evidence}`),
  );
  expect({ problems, found: found.length > 0 }).toEqual({ problems, found: true });
  for (const { why = "", fix = "" } of problems)
    expect([why.length > 10, fix.length > 10]).toEqual([true, true]);
});

it("has a case for every check", () => {
  const covered = new Set(cases.map(([, check]) => check));
  // These need another stack, or more than one spoiled place; they have their own tests.
  const others = ["controller-sockets", "gateway-routes", "istio-routes", "readiness-gates", "autoscaler"];
  expect(checks.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual(others);
});

it("suggests a budget for the Deployment's own pods, and for no others of that name", () => {
  const fixes = problemsOf(spoil(healthy, "objects.budgets", []), "disruption-budgets").map(({ fix }) => fix);
  expect(fixes[0]).toContain(
    "--selector app.kubernetes.io/name=messaging-service,app.kubernetes.io/part-of=holdfast --max-unavailable 1",
  );
});

it("finds two Ingresses on one service, worse if they differ", () => {
  const [first] = healthy.objects.ingresses;
  const twice = spoil(healthy, "objects.ingresses", [...healthy.objects.ingresses, structuredClone(first)]);
  expect(problemsOf(twice, "ingress-backends")).toMatchObject([
    { status: "warn", subject: "messaging-service" },
  ]);
  const differing = spoil(twice, annotation("affinity"), undefined);
  expect(problemsOf(differing, "ingress-backends")).toMatchObject([{ status: "fail" }]);
});

it("says of several Ingresses of one service which gives what, whatever their hosts", () => {
  const [first] = healthy.objects.ingresses;
  const born = (name: string, day: number, host: string) => ({
    ...first,
    metadata: { ...first?.metadata, name, creationTimestamp: `2026-11-0${day}T00:00:00Z` },
    spec: { ...first?.spec, rules: [{ ...first?.spec?.rules?.[0], host }] },
  });
  const several = [born("young", 2, "a.example"), born("old", 1, "b.example")];
  const [finding] = problemsOf(spoil(healthy, "objects.ingresses", several), "ingress-backends");
  expect(finding?.evidence).toContain(
    "Ingress old of 2026-11-01T00:00:00Z and Ingress young of 2026-11-02T00:00:00Z",
  );
  expect(finding?.why).toContain("the newest sets the cookie's name, path and age for all hosts");
});

describe("controller-sockets", () => {
  const image = "registry.k8s.io/ingress-nginx/controller:v1.15.1";
  const withNginx = (data: object | undefined, args: readonly string[] = []) => {
    const pod = controllerPod("ingress-nginx", image);
    const configmap = "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller";
    const started = spoil(pod, "spec.containers.0.args", ["/nginx-ingress-controller", configmap, ...args]);
    const maps =
      data === undefined
        ? []
        : [{ metadata: { name: "ingress-nginx-controller", namespace: "ingress-nginx" }, data }];
    return spoil(spoil(healthy, "objects.controllerPods", [started]), "objects.controllerConfigs", maps);
  };
  const grace = ["--shutdown-grace-period=10"];

  it.each([
    { data: {}, seconds: 240 },
    { data: { "worker-shutdown-timeout": "300s" }, seconds: 300 },
    { data: { "worker-shutdown-timeout": "59m" }, seconds: 3_540 },
  ])("finds that a reload cuts every socket after $seconds s: $data", ({ data, seconds }) => {
    expect(problemsOf(withNginx(data, grace), "controller-sockets")).toMatchObject([
      { status: "warn", what: `a reload cuts every socket after ${seconds} s` },
    ]);
  });

  it.each([{ "worker-shutdown-timeout": "3600s" }, { "worker-shutdown-timeout": "1h" }])(
    "accepts %p",
    (data) => {
      expect(problemsOf(withNginx(data, grace), "controller-sockets")).toEqual([]);
    },
  );

  it("compares with the stack's own time", () => {
    const longer = spoil(healthy, "config.edge.timeoutSeconds", 7_200).config;
    const snapshot = { ...withNginx({ "worker-shutdown-timeout": "3600s" }, grace), config: longer };
    expect(problemsOf(snapshot, "controller-sockets")).toMatchObject([{ status: "warn" }]);
  });

  it("finds that a terminating pod refuses clients at once", () => {
    expect(problemsOf(withNginx({ "worker-shutdown-timeout": "1h" }), "controller-sockets")).toMatchObject([
      { status: "warn", what: "a terminating controller pod refuses clients at once" },
    ]);
  });

  it("does not report ok for a ConfigMap that it did not read", () => {
    expect(problemsOf(withNginx(undefined, grace), "controller-sockets")).toMatchObject([
      { status: "unknown", what: "the controller's ConfigMap was not found" },
    ]);
  });
});

describe("readiness-gates", () => {
  const binding = {
    metadata: { name: "k8s-nova-messagin", creationTimestamp: "2026-11-01T00:00:00Z" },
    spec: { targetType: "ip", serviceRef: { name: "messaging-service" } },
  };
  const gate = [{ conditionType: "target-health.elbv2.k8s.aws/k8s-nova-messagin" }];
  const bound = (created: string, gates?: object[]) => {
    const pods = healthy.objects.pods.map((pod) => ({
      ...pod,
      metadata: { ...pod.metadata, creationTimestamp: created },
      spec: { ...pod.spec, ...(gates === undefined ? {} : { readinessGates: gates }) },
    }));
    return spoil(spoil(healthy, "objects.pods", pods), "objects.targetGroupBindings", [binding]);
  };

  it("finds pods without gates that started after their target group existed", () => {
    const [finding, ...more] = problemsOf(bound("2026-11-02T00:00:00Z"), "readiness-gates");
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ status: "warn", subject: "TargetGroupBinding k8s-nova-messagin" });
    expect(finding?.fix).toContain("podMutatorWebhookConfig.failurePolicy=Fail");
  });

  it("reports nothing about gated pods, and about pods that are older than the target group", () => {
    expect(problemsOf(bound("2026-11-02T00:00:00Z", gate), "readiness-gates")).toEqual([]);
    expect(problemsOf(bound("2026-10-31T00:00:00Z"), "readiness-gates")).toEqual([]);
  });
});

it("finds two budgets on the same pods", () => {
  const [first] = healthy.objects.budgets;
  const twice = spoil(healthy, "objects.budgets", [...healthy.objects.budgets, first]);
  expect(problemsOf(twice, "disruption-budgets")).toMatchObject([
    { status: "fail", what: "several PodDisruptionBudgets select its pods" },
  ]);
});

it("finds preStop sleep on a server that does not support it", () => {
  const sleeping = spoil(healthy, `${container}.lifecycle`, { preStop: { sleep: { seconds: 10 } } });
  expect(problemsOf(sleeping, "prestop")).toEqual([]);
  const old = spoil(sleeping, "observed.serverVersion.minor", 29);
  expect(problemsOf(old, "prestop")).toMatchObject([{ status: "fail", what: /preStop sleep/ }]);
});

it("judges autoscalers by their metric, whether it is visible, and how fast they scale down", () => {
  const scaler = (spec: object, status: object = {}) =>
    spoil(healthy, "objects.autoscalers", [
      {
        metadata: { name: "messaging-service" },
        spec: { maxReplicas: 5, scaleTargetRef: { kind: "Deployment", name: "messaging-service" }, ...spec },
        status,
      },
    ]);
  const sockets = { metrics: [{ type: "Pods", pods: { metric: { name: "websocket_connections_active" } } }] };
  const slow = { behavior: { scaleDown: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] } } };
  const processors = { metrics: [{ type: "Resource", resource: { name: "cpu" } }] };
  const inactive = { conditions: [{ type: "ScalingActive", status: "False", message: "no such metric" }] };
  expect(problemsOf(scaler({ ...sockets, ...slow }), "autoscaler")).toEqual([]);
  expect(problemsOf(scaler({ ...sockets, ...slow }, inactive), "autoscaler")).toMatchObject([
    { status: "fail" },
  ]);
  expect(problemsOf(scaler({ ...processors, ...slow }), "autoscaler")).toMatchObject([{ status: "warn" }]);
  expect(problemsOf(scaler(sockets), "autoscaler")).toMatchObject([{ status: "warn" }]);
});

it("explains where an autoscaler's metric should come from, by what counts the sockets", () => {
  const inactive = {
    metadata: { name: "keda-hpa-messaging-service" },
    spec: {
      maxReplicas: 5,
      scaleTargetRef: { kind: "Deployment", name: "messaging-service" },
      metrics: [{ type: "External", external: { metric: { name: "s0-prometheus" } } }],
    },
    status: { conditions: [{ type: "ScalingActive", status: "False", message: "no answer" }] },
  };
  const by = (kind: string) =>
    problemsOf(
      spoil(spoil(healthy, "objects.autoscalers", [inactive]), "config.autoscaler", { kind }),
      "autoscaler",
    );
  expect(by("keda")).toMatchObject([{ evidence: /s0-prometheus/, fix: /describe scaledobject/ }]);
  expect(by("external")).toMatchObject([{ fix: /external\.metrics\.k8s\.io/ }]);
  expect(by("pods")).toMatchObject([{ fix: /custom\.metrics\.k8s\.io/ }]);
});

it("reports unknown, and never ok, for what it could not read", () => {
  for (const check of checks) {
    for (const source of check.needs) {
      const partly = { ...healthy, unavailable: { [source]: "403 forbidden" } };
      const { findings } = answer(check, partly);
      expect(findings.map(({ status }) => status)).toEqual(["unknown"]);
      expect(findings[0]?.evidence).toBe("403 forbidden");
    }
  }
});

it("finds an application load balancer that sets no cookie", () => {
  const name = "objects.ingresses.0.metadata.annotations";
  const alb = spoil(healthy, name, { "alb.ingress.kubernetes.io/target-type": "ip" });
  const classed = spoil(alb, "objects.ingresses.0.spec.ingressClassName", "alb");
  expect(problemsOf(classed, "load-balancer-stickiness").map(({ what }) => what)).toEqual([
    expect.stringContaining("stickiness.enabled not set"),
    expect.stringContaining("for 120 s they still get new connections"),
    expect.stringContaining("one missed readiness probe deregisters them"),
  ]);
  expect(problemsOf(classed, "idle-timeouts")).toMatchObject([{ status: "warn" }]);
});
