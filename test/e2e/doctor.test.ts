import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Finding } from "../../ops/doctor/finding";
import type { Report } from "../../ops/doctor/report";
import type { Status } from "../../ops/status/status";
import { apply, kubectl, type Manifest } from "./kubectl";
import { opsCommand } from "./ops-command";
import { pods } from "./pods";
import { atRest, deploy, namespacePrefix, type DeployedService, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

const namespace = `${namespacePrefix}-doctor`;
const host = "doctor.nova.social";
const ingressOf = (service: string) => `ingress/${namespace}-ingress-${service}`;

/** A small stack with short times: the findings do not depend on them. */
const size = {
  host,
  services: [
    { name: "messaging-service", path: "/messaging", replicas: 3 },
    { name: "streaming-service", path: "/streaming", replicas: 2 },
  ],
  drain: { preStopSeconds: 4, drainSeconds: 2, gracePeriodSeconds: 11 },
  minReadySeconds: 1,
};

let stack: DeployedStack;
let messaging: DeployedService;
let streaming: DeployedService;

beforeAll(async () => {
  stack = await deploy(namespace, size);
  [messaging, streaming] = stack.services as [DeployedService, DeployedService];
  await apply([prometheus]);
}, 300_000);

describe("the doctor, on a running stack", () => {
  it("finds nothing wrong with a healthy one, through the API server alone", async () => {
    const { code, report } = await doctor();
    expect(troubles(report)).toEqual({});
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: "ok" });
    // The checks that must ask running programs have asked both services.
    for (const check of [
      "websocket-upgrade",
      "edge-upgrade",
      "edge-cookie",
      "edge-stickiness",
      "reconnect-latency",
    ]) {
      const subjects = findings(report, check).map(({ subject }) => subject);
      expect(new Set(subjects)).toEqual(new Set([messaging.name, streaming.name]));
    }
    expect(findings(report, "redis-persistence")).toHaveLength(1);
  }, 120_000);

  it("finds that a stack is not there", async () => {
    const { code, report } = await doctor("--namespace", `${namespace}-nowhere`, "--only", "deployed");
    expect(troubles(report)).toEqual({
      deployed: { "messaging-service": "fail", "streaming-service": "fail" },
    });
    expect(code).toBe(2);
  }, 60_000);

  it("finds clients that come back late, and the delay", async () => {
    const seconds = new Map([
      [messaging.path, 10.5],
      [streaming.path, 1.5],
    ]);
    const slow = await slowRelay((path, visit) => (visit === 2 ? (seconds.get(path) ?? 0) : 0));
    const { port } = slow.address() as AddressInfo;
    try {
      const { report } = await doctor("--edge", `http://127.0.0.1:${port}`, "--only", "reconnect-latency");
      expect(troubles(report)).toEqual({
        "reconnect-latency": { "messaging-service": "fail", "streaming-service": "warn" },
      });
      const said = findings(report, "reconnect-latency").map(({ what }) => what);
      expect(said).toEqual(["reconnecting takes 10 s or more", "reconnecting takes longer than a second"]);
    } finally {
      slow.close();
    }
  }, 120_000);

  it("finds each fault in running objects, and nothing once it is fixed", async () => {
    await Promise.all([plantInPods(), plantAtTheEdge()]);
    const { code, report } = await doctor();
    const strangers = (await pods(namespace, streaming.name)).map(({ name }) => [name, "fail"] as const);
    expect(troubles(report)).toEqual({
      "ingress-affinity": { [`Ingress ${namespace}-ingress-messaging-service`]: "fail" },
      "edge-admission": { "streaming-service": "fail" },
      "services-in-sync": { "messaging-service, streaming-service": "warn" },
      "websocket-upgrade": Object.fromEntries(strangers),
      "edge-upgrade": { "streaming-service": "fail" },
      "edge-cookie": { "messaging-service": "fail" },
      "edge-stickiness": { "messaging-service": "fail" },
      "drain-times": { "messaging-service": "fail" },
      prestop: { "Deployment messaging-service": "fail" },
      readiness: { "Deployment messaging-service": "fail" },
      "pod-restarts": { "messaging-service": "warn" },
      "connection-skew": { "streaming-service": "unknown" },
      "reconnect-latency": { "streaming-service": "unknown" },
    });
    expect(code).toBe(2);
    for (const answer of report.answers) answer.findings.forEach(expectHelp);
    const failure = (check: string) => findings(report, check).find(({ status }) => status === "fail");
    expect(failure("websocket-upgrade")?.evidence).toContain("knows no WebSockets");

    // Runs the finding's own command, as a user would paste it.
    const affinity = failure("ingress-affinity");
    const [, pasted = ""] = /^kubectl (.*), or /.exec(affinity?.fix ?? "") ?? [];
    await kubectl(pasted.split(" "));
    const policies = stack.objects.filter(({ kind }) => kind === "NetworkPolicy");
    await apply(policies, "--force-conflicts");
    for (const { name } of stack.services) {
      await kubectl(own("rollout", "undo", `deployment/${name}`));
      await kubectl(own("rollout", "status", `deployment/${name}`, "--timeout=180s"));
    }
    for (const service of stack.services) await atRest(namespace, service);
    expect(troubles((await doctor()).report)).toEqual({});
  }, 300_000);

  it("finds each fault in the configuration, and no other", async () => {
    await plantInServices();
    await plantInIngresses();
    await plantInWorkloads();
    await plantInRedis();
    await plantInMonitoring();
    const { code, report } = await doctor();
    expect(troubles(report)).toEqual({
      "service-affinity": { "Service messaging-service": "fail" },
      "ignored-fields": { "Service messaging-service": "warn" },
      "load-balancer-affinity": { "Service pending": "fail" },
      "ingress-controller": { "IngressClass alb": "fail" },
      "ingress-annotations": { [`Ingress ${namespace}-ingress-messaging-service`]: "fail" },
      "ingress-backends": { "streaming-service": "fail" },
      "cookie-collisions": { [`Ingress ${namespace}-ingress-streaming-service`]: "fail" },
      "load-balancer-stickiness": { "Service pending": "fail", "Ingress rival": "fail" },
      "ingress-affinity": { [`Ingress ${namespace}-ingress-messaging-service`]: "fail" },
      "nlb-targets": { "Service pending": "warn" },
      "services-in-sync": { "messaging-service, streaming-service": "warn" },
      "edge-cookie": { "messaging-service": "warn", "streaming-service": "warn" },
      "edge-stickiness": { "messaging-service": "fail" },
      "idle-timeouts": {
        [`Ingress ${namespace}-ingress-messaging-service`]: "fail",
        "Ingress rival": "warn",
      },
      "rollout-strategy": { "Deployment messaging-service": "fail" },
      replicas: { "Deployment streaming-service": "fail" },
      "disruption-budgets": { "PodDisruptionBudget messaging-service": "fail" },
      autoscaler: { "HorizontalPodAutoscaler streaming-service": "fail" },
      "redis-policy": { "StatefulSet redis": "fail" },
      "redis-persistence": { "StatefulSet redis": "fail" },
      "metrics-scraped": { "messaging-service": "warn", "streaming-service": "warn" },
    });
    expect({ code, verdict: report.verdict }).toEqual({ code: 2, verdict: "broken" });
    for (const answer of report.answers) answer.findings.forEach(expectHelp);
  }, 180_000);
});

describe("on pods that run with other settings than they should", () => {
  const sockets: WebSocket[] = [];
  afterAll(() => sockets.forEach((socket) => socket.terminate()));

  it("status shows the clients of each pod, and the doctor reports that one pod has nearly all", async () => {
    const [first] = await pods(namespace, messaging.name);
    const opened = Array.from({ length: 70 }, () => {
      const socket = new WebSocket(`ws://${first?.address}:8080${messaging.path}/chat/lobby`);
      sockets.push(socket);
      return once(socket, "open");
    });
    await Promise.all(opened);
    const { code, stdout } = await opsCommand("status", ...about.slice(0, 4), "--once", "--json");
    const [service] = (JSON.parse(stdout) as Status).services;
    expect({ code, sockets: service?.sockets }).toEqual({ code: 0, sockets: 70 });
    expect(service?.pods.map(({ name, phase, sockets: held }) => [name, phase, held])).toEqual(
      expect.arrayContaining([[first?.name, "serving", 70]]),
    );
    const { report } = await doctor("--only", "connection-skew");
    expect(troubles(report)).toEqual({ "connection-skew": { "messaging-service": "warn" } });
  }, 120_000);
});

/** Another program's backend: it answers every request, including probes, and does not support WebSockets. */
const stranger = `
const { createServer } = require("node:http");
for (const port of [8080, 9090, 9091]) createServer((request, response) => response.end()).listen(port);
process.on("SIGTERM", () => process.exit());`;

async function plantInPods(): Promise<void> {
  const template = async (service: DeployedService, container: object, spec: object = {}) => {
    const change = { spec: { template: { spec: { ...spec, containers: [{ name: "app", ...container }] } } } };
    const how = ["--type", "strategic", "--patch", JSON.stringify(change)];
    await kubectl(own("patch", `deployment/${service.name}`, ...how));
    await kubectl(own("rollout", "status", `deployment/${service.name}`, "--timeout=180s"));
    await atRest(namespace, service);
  };
  await Promise.all([
    template(
      messaging,
      { lifecycle: null, readinessProbe: { failureThreshold: 30 } },
      { terminationGracePeriodSeconds: 5 },
    ),
    template(streaming, { command: ["node", "-e", stranger] }),
  ]);
  const [{ name } = { name: "" }] = await pods(namespace, messaging.name);
  await kubectl(own("exec", name, "--", "node", "-e", "process.kill(1, 'SIGTERM')"));
  await until("the container that was ended is back", 60_000, async () => {
    const pod = (await pods(namespace, messaging.name)).find((each) => each.name === name);
    return pod?.restarts === 1 && pod.ready ? true : undefined;
  });
}

async function plantAtTheEdge(): Promise<void> {
  await kubectl(own("annotate", ingressOf(messaging.name), "nginx.ingress.kubernetes.io/affinity-"));
  const ways = stack.objects.filter(
    ({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name.startsWith(`${streaming.name}-from-`),
  );
  expect(ways).not.toHaveLength(0);
  for (const { metadata } of ways) await patch(`networkpolicy/${metadata.name}`, { ingress: [] });
}

/**
 * Something slow between the clients and the edge, such as a load balancer that must find its target again.
 *
 * @param seconds how long it delays a service's first, second and further socket
 */
async function slowRelay(seconds: (path: string, visit: number) => number): Promise<Server> {
  const { edge } = readSurroundings();
  const visits = new Map<string, number>();
  const relay = createServer((client) => {
    client.on("error", () => undefined); // the doctor cuts its sockets off
    client.once("data", (request) => {
      const [, path = ""] = /^GET (\/[^/ ]+)/.exec(request.toString()) ?? [];
      const visit = (visits.get(path) ?? 0) + 1;
      visits.set(path, visit);
      client.pause();
      void delay(seconds(path, visit) * 1_000).then(() => {
        const server = connect(edge.port, edge.address, () => {
          server.write(request);
          client.pipe(server).pipe(client);
        });
        server.on("error", () => client.destroy());
        client.on("close", () => server.destroy());
        if (client.destroyed) server.destroy();
      });
    });
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  return relay;
}

async function plantInServices(): Promise<void> {
  // A common mistake: kubectl accepts it, and the API server drops it.
  const misspelt = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: messaging.name, namespace },
    spec: {
      sessionAffinity: "None",
      sessionAffinityConfig: null,
      clientIPConfig: { timeoutSeconds: 10_800 },
    },
  };
  await kubectl(own("apply", "--validate=false", "--filename", "-"), JSON.stringify(misspelt));
  const annotations = { "service.beta.kubernetes.io/aws-load-balancer-type": "nlb" };
  const metadata = { name: "pending", namespace, annotations };
  await apply([
    {
      ...{ apiVersion: "v1", kind: "Service", metadata },
      spec: {
        type: "LoadBalancer",
        sessionAffinity: "ClientIP",
        selector: { "app.kubernetes.io/name": messaging.name },
        ports: [{ name: "http", port: 80, targetPort: "http" }],
      },
    },
  ]);
}

async function plantInIngresses(): Promise<void> {
  const annotate = (service: string, annotations: Record<string, string>) =>
    kubectl(
      own(
        ...["annotate", "--overwrite", ingressOf(service)],
        ...Object.entries(annotations).map(([name, value]) => `nginx.ingress.kubernetes.io/${name}=${value}`),
      ),
    );
  await annotate(messaging.name, {
    "session-cookie-httponly": "true",
    "session-cookie-path": "/",
    "proxy-read-timeout": "20",
    // The cookie is still set, but names the Service, which has no affinity now.
    "service-upstream": "true",
  });
  await annotate(streaming.name, { "session-cookie-path": "/" });
  await apply([
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "rival", namespace },
      spec: {
        ingressClassName: "alb",
        defaultBackend: { service: { name: streaming.name, port: { name: "http" } } },
      },
    },
  ]);
}

async function plantInWorkloads(): Promise<void> {
  await patch(`poddisruptionbudget/${messaging.name}`, { maxUnavailable: null, minAvailable: 3 });
  await patch(`deployment/${messaging.name}`, { strategy: { type: "Recreate", rollingUpdate: null } });
  await kubectl(own("scale", `deployment/${streaming.name}`, "--replicas=1"));
  await atRest(namespace, { ...streaming, replicas: 1 });
  await apply([
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: streaming.name, namespace },
      spec: {
        minReplicas: 1,
        maxReplicas: 2,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: streaming.name },
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
          },
        ],
      },
    },
  ]);
  await until("the autoscaler finds out that nobody measures processors here", 60_000, async () => {
    const active = await kubectl(
      own(
        ...["get", `horizontalpodautoscaler/${streaming.name}`, "--output"],
        'jsonpath={.status.conditions[?(@.type=="ScalingActive")].status}',
      ),
    );
    return active === "False" ? true : undefined;
  });
}

async function plantInRedis(): Promise<void> {
  for (const setting of ["maxmemory-policy allkeys-lru", "appendonly no"]) {
    await kubectl(own("exec", "redis-0", "--", "redis-cli", "CONFIG", "SET", ...setting.split(" ")));
  }
}

async function plantInMonitoring(): Promise<void> {
  await kubectl(own("label", "podmonitor/holdfast", "release-"));
}

/** A Prometheus that selects as the one of kube-prometheus-stack does. Nothing here acts on it. */
const prometheus: Manifest = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "Prometheus",
  metadata: { name: "prometheus", namespace },
  spec: { podMonitorSelector: { matchLabels: { release: "kube-prometheus-stack" } } },
};

/** Every finding that is not ok says why it matters and what fixes it. */
function expectHelp({ status, what, evidence, why = "", fix = "" }: Finding): void {
  const texts = status === "ok" ? [what, evidence] : [what, evidence, why, fix];
  expect(texts.map((text) => text.trim() !== "")).toEqual(texts.map(() => true));
}

function findings({ answers }: Report, check: string): readonly Finding[] {
  return answers.find((answer) => answer.check === check)?.findings ?? [];
}

/** The findings that are not ok, by check and subject; of several findings for one subject, the worst. */
function troubles({ answers }: Report): Record<string, Record<string, string>> {
  const ranks = ["fail", "unknown", "warn"];
  return Object.fromEntries(
    answers.flatMap(({ check, findings: all }) => {
      const bad = all
        .filter(({ status }) => status !== "ok")
        .sort((a, b) => ranks.indexOf(b.status) - ranks.indexOf(a.status));
      return bad.length === 0
        ? []
        : [[check, Object.fromEntries(bad.map((each) => [each.subject, each.status]))]];
    }),
  );
}

const about = ["--stack", "staging", "--namespace", namespace, "--host", host];

async function doctor(...options: string[]): Promise<{ code: number; report: Report }> {
  const { code, stdout, stderr } = await opsCommand("doctor", ...about, "--json", ...options);
  if (stdout === "") throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as Report };
}

function own(...args: string[]): string[] {
  return ["--namespace", namespace, ...args];
}

async function patch(object: string, spec: object): Promise<void> {
  await kubectl(own("patch", object, "--type", "merge", "--patch", JSON.stringify({ spec })));
}
