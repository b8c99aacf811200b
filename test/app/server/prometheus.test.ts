import { Redis } from "ioredis";
import { alerts } from "../../../infra/components/monitoring/alerts";
import { rows } from "../../../infra/components/monitoring/panels";
import { relabelings } from "../../../infra/components/monitoring/pod-monitor";
import { ruleGroups } from "../../../infra/components/monitoring/rule-groups";
import { PrometheusServer } from "../../../ops/prometheus/server";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { until } from "../../faults/helpers/until";
import { describeWithPrometheus } from "../../infra/monitoring/with-prometheus";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";

const namespace = "nova";
const service = "messaging-service";
const scope = { namespace, services: [service] };

/** The time from a scrape with a value to a rate over it: two more scrapes; the rest is for a busy machine. Milliseconds. */
const patienceMs = 45_000;

/** All queries for a healthy system: the parts of each alert, and the queries of each panel. */
const questions = [
  ...alerts(scope).flatMap(({ name, operands }) => operands.map((expr) => ({ asker: name, expr }))),
  ...rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ asker: title, expr }))),
  ),
].map(({ asker, expr }) => ({
  asker,
  // As Grafana writes several selected services.
  expr: expr.replaceAll("$namespace", namespace).replaceAll("$service", `(${service}|streaming-service)`),
}));

const skew = questions.find(({ asker }) => asker === "Skew of connections")?.expr ?? "";

describeWithPrometheus("a real Prometheus that scrapes real pods", (binaries) => {
  let redis: RedisServer;
  let prometheus: PrometheusServer;
  let pods: Awaited<ReturnType<typeof startPod>>[];
  let members: Wire[];

  beforeAll(async () => {
    redis = await startRedis();
    const admin = new Redis(redis.url);
    await admin.config("SET", "maxmemory", "100mb"); // as the stacks configure it
    admin.disconnect();
    pods = await Promise.all([1, 2].map(() => startPod(redis.url, { DRAIN_SECONDS: "120" })));
    prometheus = await PrometheusServer.start(
      binaries,
      {
        global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
        rule_files: ["rules.yml"],
        scrape_configs: [
          {
            job_name: "pods",
            // The labels of a pod from discovery, and what the operator and the PodMonitor make of them.
            static_configs: pods.map((pod) => ({
              targets: [`127.0.0.1:${pod.port("metrics")}`],
              labels: {
                namespace,
                pod: pod.name,
                __meta_kubernetes_pod_label_app_kubernetes_io_name: service,
              },
            })),
            relabel_configs: relabelings.map(({ sourceLabels, targetLabel }) => ({
              source_labels: sourceLabels,
              target_label: targetLabel,
            })),
          },
        ],
      },
      { groups: ruleGroups(scope, "docs/runbooks") },
    );
    await asked("every pod is scraped", `sum(up{namespace="${namespace}", service="${service}"}) == 2`);
    members = await traffic(pods);
  });

  afterAll(async () => {
    await stopPods();
    await prometheus.stop();
    await redis.stop();
  });

  /** Waits until an expression returns a number. */
  async function asked(what: string, expr: string): Promise<void> {
    await until(() => answers(expr), `${what}: ${expr}`, patienceMs);
  }

  /** A query that looks back is evaluated as if that time had passed, so the test does not wait for it. */
  async function answers(expr: string): Promise<boolean> {
    const minutes = Number(/ offset (\d+)m/.exec(expr)?.[1] ?? 0);
    const samples = await prometheus.query(expr, Date.now() / 1_000 + minutes * 60);
    return samples.some(({ value }) => Number.isFinite(value));
  }

  it("gets data for every query of every panel and every rule", async () => {
    let open = questions;
    const allAnswered = async () => {
      const answered = await Promise.all(open.map(({ expr }) => answers(expr)));
      open = open.filter((_question, index) => answered[index] !== true);
      return open.length === 0;
    };
    expect(questions.length).toBeGreaterThan(40);
    await until(allAnswered, () => `data for ${JSON.stringify(open, null, 2)}`, patienceMs);
  });

  it("loads and evaluates every rule, and none fires while all is well", async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(alerts(scope).map(({ name }) => name));
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    // On a busy machine a missed scrape makes an alert pending until the next one; a wrong rule stays pending.
    let active = rules;
    const none = async () => {
      active = (await prometheus.rules()).filter(({ state }) => state !== "inactive");
      return active.length === 0;
    };
    await until(none, () => `no alert is active: ${JSON.stringify(active, null, 2)}`, patienceMs);
  });

  it("shows how unevenly the sockets are spread over the pods", async () => {
    const counts = pods.map(({ url }) => members.filter(({ ws }) => ws.url.startsWith(url)).length);
    const mean = members.length / pods.length;
    await asked("the skew is told", `abs(${skew} - ${Math.max(...counts) / mean}) < 0.001`);
  });

  it("shows that a pod drains, and which clients have not left", async () => {
    const [pod] = pods;
    const left = members.filter(({ ws }) => ws.url.startsWith(pod?.url ?? "")).length;
    expect(left).toBeGreaterThan(0);
    const drained = pod?.drain();
    const own = `{namespace="${namespace}", service="${service}", pod="${pod?.name ?? ""}"}`;
    await asked("the pod drains", `websocket_drain_state${own} == 2`);
    await asked("its clients are counted", `websocket_drain_clients_left${own} == ${left}`);
    await asked("the skew is that of the pods that serve", `${skew} == 1`);
    for (const { ws } of members) ws.close();
    await drained;
    await asked("they have left", `websocket_drain_clients_left${own} == 0`);
  });

  it("raises the alarm for pods that are gone", async () => {
    await stopPods();
    const raised = async () =>
      (await prometheus.rules()).filter(({ state }) => state !== "inactive").map(({ name }) => name);
    const expected = ["WebSocketNoPods", "WebSocketScrapeAbsent"];
    const all = async () => {
      const names = await raised();
      return expected.every((name) => names.includes(name));
    };
    await until(all, expected.join(" and "), patienceMs);
  });
});

/** Causes one of everything that is counted: clients on both pods, publishes, a resume with replay, a close, a leave. */
async function traffic(pods: readonly { readonly url: string }[]): Promise<Wire[]> {
  const [a = "", b = ""] = pods.map(({ url }) => `${url}/chat/x`);
  const stays = new Wire(a);
  await stays.hello({ rooms: [{ room: "x" }] });
  await stays.sync("x");

  const client = randomClient();
  const first = new Wire(a);
  const { session } = await first.hello({ client, rooms: [{ room: "x" }] });
  const { epoch, offset } = await first.sync("x");
  first.ws.terminate();
  stays.send({ type: "publish", room: "x", id: 1, data: "missed" });
  await stays.next("ack");
  const moved = new Wire(b);
  await moved.hello({ client, session, rooms: [{ room: "x", position: { epoch, offset } }] });
  await moved.next("message");
  return [stays, moved];
}
