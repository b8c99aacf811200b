import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalCluster } from "../../../ops/local/cluster";
import { httpGet } from "../../../ops/local/http-get";
import type { Pod } from "../../../ops/local/pod";
import { until } from "../until";
import { deployment, ingress, service, startCluster } from "./fixtures";

let cluster: LocalCluster;
const logs = mkdtempSync(join(tmpdir(), "holdfast-pods-"));
afterEach(() => cluster.stop());
afterAll(() => rmSync(logs, { recursive: true }));

function firstPod(): Pod {
  const [pod] = cluster.pods;
  if (pod === undefined) throw new Error("there is no pod");
  return pod;
}

/** When a fake pod recorded an event; undefined if it did not. */
function noted(pod: Pod, event: string): number | undefined {
  const time = new RegExp(`^${event} (\\d+)$`, "m").exec(
    readFileSync(join(logs, `${pod.name}.log`), "utf8"),
  )?.[1];
  return time === undefined ? undefined : Number(time);
}

const ask = (pod: Pod, path: string) => httpGet({ host: pod.address, port: 8080, path, headers: {} }, 1_000);

describe("a Deployment", () => {
  it("starts every replica, each with its own address, with its name from the downward API", async () => {
    cluster = await startCluster([deployment({ replicas: 3 }), service()]);
    await cluster.rolledOut(8_000);
    expect(new Set(cluster.pods.map(({ address }) => address)).size).toBe(3);
    for (const pod of cluster.pods) {
      const answer = await fetch(`http://${pod.address}:8080/`);
      expect(answer.headers.get("x-holdfast-pod")).toBe(pod.name);
      expect(pod.readySince).toBeDefined();
    }
  });

  it("uses readiness only after the startup probe has succeeded", async () => {
    cluster = await startCluster([deployment({ env: { START_MS: "300" } })], { logs });
    const pod = firstPod();
    await until(
      "the pod listens",
      () => existsSync(join(logs, `${pod.name}.log`)) && noted(pod, "listening") !== undefined,
    );
    expect(pod.phase).toBe("starting");
    expect(pod.readySince).toBeUndefined();
    await cluster.rolledOut(8_000);
    expect(pod.phase).toBe("running");
  });

  it("replaces its pods one by one on a restart, and never has fewer ready than replicas", async () => {
    cluster = await startCluster([
      deployment({ replicas: 2, minReadySeconds: 0.1, env: { EXIT_MS: "100" } }),
    ]);
    await cluster.rolledOut(8_000);
    const old = cluster.pods;
    let fewest = Infinity;
    let most = 0;
    const watch = setInterval(() => {
      fewest = Math.min(fewest, cluster.pods.filter(({ readySince }) => readySince !== undefined).length);
      most = Math.max(most, cluster.pods.filter(({ phase }) => phase !== "terminating").length);
    }, 1);
    cluster.deployments[0]?.restart();
    await cluster.rolledOut(8_000);
    await cluster.settled(8_000);
    clearInterval(watch);
    expect(old.map(({ phase }) => phase)).toEqual(["gone", "gone"]);
    expect(cluster.pods).toHaveLength(2);
    expect(fewest).toBe(2);
    expect(most).toBe(3);
    // One after the other: the second old pod was deleted only after the first one's successor was available.
    const [first, second] = old.map((pod) => pod.termination?.beganAt ?? 0).toSorted((a, b) => a - b);
    const [successor] = cluster.pods.map((pod) => pod.served[0]?.from ?? 0).toSorted((a, b) => a - b);
    expect(first).toBeGreaterThanOrEqual((successor ?? 0) + 100);
    expect(second).toBeGreaterThan((first ?? 0) + 100);
  });

  it("starts a crashed container again in the same pod, out of the endpoints meanwhile", async () => {
    cluster = await startCluster([deployment(), service()]);
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    const pid = pod.pid;
    pod.signal("SIGKILL");
    await until("the pod is not ready", () => pod.readySince === undefined);
    await cluster.rolledOut(8_000);
    expect(pod.restarts).toBe(1);
    expect(pod.pid).not.toBe(pid);
    expect(cluster.pods).toEqual([pod]);
    expect(pod.served).toHaveLength(2);
  });

  it("ends and restarts a container whose liveness probe fails", async () => {
    cluster = await startCluster([deployment()], { logs });
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    await ask(pod, "/sicken");
    await until("the container was restarted", () => pod.restarts === 1);
    expect(noted(pod, "sigterm")).toBeDefined();
    await cluster.rolledOut(8_000);
  });

  it("describes the state of each pod when a rollout does not end", async () => {
    cluster = await startCluster([deployment({ env: { START_MS: "60000" } })]);
    await expect(cluster.rolledOut(200)).rejects.toThrow(
      /did not roll out within 200 ms: echo-\w+-\w+ starting/,
    );
  });

  it("refuses a pod of two containers", async () => {
    const pair = deployment();
    const containers = pair.spec?.template.spec?.containers ?? [];
    Object.assign(pair.spec?.template.spec ?? {}, { containers: [...containers, ...containers] });
    cluster = await startCluster([]);
    await expect(startCluster([pair])).rejects.toThrow(
      "Deployment echo: the local runner supports only pods with one container",
    );
  });
});

describe("deleting a pod", () => {
  const http = { httpGet: { path: "/prestop", port: "lifecycle" } };

  it("takes it out of the endpoints at once, runs preStop, then sends SIGTERM", async () => {
    cluster = await startCluster([deployment({ preStop: http, env: { PRESTOP_MS: "250", EXIT_MS: "50" } })], {
      logs,
    });
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    const gone = pod.delete();
    expect(pod.phase).toBe("terminating");
    expect(pod.readySince).toBeUndefined();
    await gone;
    const [prestop = 0, sigterm = 0] = [noted(pod, "prestop"), noted(pod, "sigterm")];
    expect(sigterm - prestop).toBeGreaterThanOrEqual(245);
    expect(pod.termination).toMatchObject({ killed: false });
    expect(pod.termination?.exitedAt).toBeGreaterThanOrEqual(sigterm + 45);
  });

  it("waits without the application if preStop is a sleep", async () => {
    cluster = await startCluster([deployment({ preStop: { sleep: { seconds: 0.2 } } })], { logs });
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    await pod.delete();
    const { beganAt = 0, sigtermAt = 0 } = pod.termination ?? {};
    expect(sigtermAt - beganAt).toBeGreaterThanOrEqual(195);
    expect(noted(pod, "prestop")).toBeUndefined();
  });

  it("kills what outlives its grace period, counted from the deletion", async () => {
    const stubborn = deployment({
      graceSeconds: 2.3,
      preStop: http,
      env: { PRESTOP_MS: "200", EXIT_MS: "never" },
    });
    cluster = await startCluster([stubborn], { logs });
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    await pod.delete();
    const { beganAt = 0, exitedAt = 0, killed } = pod.termination ?? {};
    expect(killed).toBe(true);
    expect(noted(pod, "sigterm")).toBeDefined();
    expect(exitedAt - beganAt).toBeGreaterThanOrEqual(2_290);
    expect(exitedAt - beganAt).toBeLessThan(8_000);
  });

  it("cuts a preStop that would outlast the grace period", async () => {
    cluster = await startCluster([
      deployment({ graceSeconds: 0.3, preStop: http, env: { PRESTOP_MS: "60000" } }),
    ]);
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    await pod.delete();
    const { beganAt = 0, sigtermAt = 0, killed } = pod.termination ?? {};
    expect(sigtermAt - beganAt).toBeLessThan(8_000);
    expect(killed).toBe(false);
  });

  it("is followed by a replacement", async () => {
    cluster = await startCluster([deployment()]);
    await cluster.rolledOut(8_000);
    const pod = firstPod();
    await Promise.all([pod.delete(), pod.delete()]);
    await cluster.rolledOut(8_000);
    expect(firstPod()).not.toBe(pod);
    expect(cluster.allPods).toEqual([pod, firstPod()]);
  });
});

describe("a cluster", () => {
  it("connects from the edge and from the Service's address to a pod", async () => {
    cluster = await startCluster([deployment(), service(), ingress({ host: "api.test" })]);
    await cluster.rolledOut(8_000);
    const [vip] = cluster.services;
    const name = firstPod().name;
    const direct = await fetch(`http://${vip?.address ?? ""}:8080/`);
    expect(direct.headers.get("x-holdfast-pod")).toBe(name);
    // fetch cannot set Host, but a plain request can.
    const target = {
      host: "127.0.0.1",
      port: cluster.edgePort ?? 0,
      path: "/echo",
      headers: { host: "api.test" },
    };
    expect(await httpGet(target, 1_000)).toBe(true);
    expect(await httpGet({ ...target, headers: { host: "other.test" } }, 1_000)).toBe(false);
  });

  it("leaves no process when it stops, even when stopped twice", async () => {
    cluster = await startCluster([deployment({ replicas: 2 })]);
    const pids = cluster.pods.map(({ pid }) => pid ?? 0);
    await Promise.all([cluster.stop(), cluster.stop()]);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});
