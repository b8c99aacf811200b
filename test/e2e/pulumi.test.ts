import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { HoldfastLoadClient } from "../../ops/load/holdfast-client";
import { Load } from "../../ops/load/load";
import { judge } from "../../ops/load/verdict";
import { clusterIp, kubectl, kubectlJson } from "./kubectl";
import { pods } from "./pods";
import { PulumiStack, smallStore } from "./pulumi";
import { fromManyAddresses, namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";

/**
 * The Holdfast application and its store with the real engine, from the first `pulumi up` to `pulumi destroy`. The kubeconfig's
 * current context is always another cluster: the stack uses the context that it names.
 */

const namespace = `${namespacePrefix}-engine`;
const own = ["--namespace", namespace];
const tokens = ["a".repeat(40), "b".repeat(40)] as const;

/** Milliseconds. */
const limitMs = 900_000;
jest.setTimeout(limitMs);
const quietMs = 20_000;

function config(change: object = {}) {
  const { images, clientNetworks } = readSurroundings();
  return {
    "kubernetes:context": "here",
    namespace,
    image: images.app,
    auth: { kind: "anonymous" },
    edge: { kind: "none" },
    network: { edge: clientNetworks.map((cidr) => ({ cidr })) },
    sessionStore: smallStore(),
    services: [{ name: "messaging", path: "/messaging", replicas: 2 }],
    drain: { preStopSeconds: 2, drainSeconds: 5 },
    minReadySeconds: 1,
    ...change,
  };
}

let stack: PulumiStack;
let refusal = "";

beforeAll(async () => {
  stack = await PulumiStack.create("engine", config());
  stack.setEnvironment({ KUBECONFIG: await elsewhere(stack.folder) });
});

afterAll(() => stack.remove());

/** A kubeconfig whose current context does not work, and in which this cluster is `here`. */
async function elsewhere(folder: string): Promise<string> {
  const real = parse(await kubectl(["config", "view", "--raw", "--minify"])) as {
    clusters: object[];
    contexts: { context: object }[];
  };
  const file = path.join(folder, "kubeconfig");
  const [context] = real.contexts;
  await writeFile(
    file,
    stringify({
      ...real,
      clusters: [...real.clusters, { name: "elsewhere", cluster: { server: "https://127.0.0.1:1" } }],
      contexts: [
        { ...context, name: "here" },
        { name: "elsewhere", context: { ...context?.context, cluster: "elsewhere" } },
      ],
      "current-context": "elsewhere",
    }),
    { mode: 0o600 },
  );
  return file;
}

/** The permanent changes of the tests so far. */
let changed: object = {};

const configure = (change: object = {}) => stack.configure(config({ ...changed, ...change }));

/** As a user sets it: the stack's file has it encrypted. */
async function setToken(token: string): Promise<void> {
  const set = ["config", "set", "--stack", "engine", "--secret", "holdfast:publisherToken", token];
  expect(await stack.run(...set)).toMatchObject({ code: 0 });
}

async function expectUnchanged(): Promise<void> {
  const { code, output } = await stack.run(
    "preview",
    "--stack",
    "engine",
    "--refresh",
    "--expect-no-changes",
  );
  expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
}

/** The update in docs/troubleshooting.md for a field that has another owner. */
async function takeBack(...args: string[]): Promise<void> {
  stack.setEnvironment({ PULUMI_K8S_ENABLE_PATCH_FORCE: "true" });
  await stack.upSteps(...args);
  stack.setEnvironment({ PULUMI_K8S_ENABLE_PATCH_FORCE: undefined });
}

const replicas = () =>
  kubectl([...own, "get", "deployment/messaging", "--output", "jsonpath={.spec.replicas}"]);

/** The objects that a change must never replace: the store, its claim, and the Service. */
const lasting = () =>
  kubectl([
    ...[...own, "get", "statefulset,persistentvolumeclaim,service", "--output"],
    `jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{"\\n"}{end}`,
  ]);

describe("the stack under the real engine", () => {
  it("comes up at once, and again without a change", async () => {
    await setToken(tokens[0]);
    const start = performance.now();
    const { create = 0 } = await stack.up();
    process.stderr.write(
      `first up: ${create} resources in ${Math.round((performance.now() - start) / 1_000)} s\n`,
    );
    expect(create).toBeGreaterThan(10);
    expect(Object.keys(await stack.up())).toEqual(["same"]);
  });

  it("updates only what a change concerns, while no client loses a message", async () => {
    const address = await clusterIp(namespace, "messaging");
    const load = new Load({
      clients: 20,
      rate: 20,
      roomsPerService: 4,
      targets: [{ service: "messaging", entry: "clientIp", url: `ws://${address}:8080/messaging` }],
      makeClient: fromManyAddresses((args) => new HoldfastLoadClient(args)),
    });
    const before = await lasting();
    const names = async () => (await pods(namespace, "messaging")).map(({ name }) => name).toSorted();
    const deployment = "update Deployment messaging-deployment";
    const { app } = readSurroundings().images;
    try {
      await load.connect(limitMs);
      load.startPublishing();

      const two = await names();
      changed = { services: [{ name: "messaging", path: "/messaging", replicas: 3 }] };
      await configure();
      expect(await stack.upSteps()).toEqual([deployment]);
      expect(await names()).toEqual(expect.arrayContaining(two));

      // The same image by its full name: a change for Kubernetes, without anything that a node must pull.
      changed = { ...changed, image: `docker.io/${app}` };
      await configure();
      expect(await stack.upSteps()).toEqual([deployment]);

      changed = { ...changed, logLevel: "warn" };
      await configure();
      expect(await stack.upSteps()).toEqual([deployment]);

      await setToken(tokens[1]);
      expect(await stack.upSteps()).toEqual([
        "create Secret application",
        "delete Secret application",
        deployment,
      ]);

      load.stopPublishing();
      await load.settle(quietMs, limitMs);
      const { sent, lost, duplicated, outOfOrder } = judge(load.journal);
      expect({ lost, duplicated, outOfOrder }).toEqual({ lost: 0, duplicated: 0, outOfOrder: 0 });
      const moves = load.journal.clients.map(({ connections }) => connections.length - 1);
      process.stderr.write(
        `replicas, image, configuration and secret changed: ${sent} messages sent, 0 lost, 0 twice, ` +
          `${Math.min(...moves)} to ${Math.max(...moves)} moves a client\n`,
      );
      expect(Math.min(...moves)).toBeGreaterThan(0);
      expect(await lasting()).toBe(before);
    } finally {
      await load.stop();
    }
  });

  it("does not drift by a restart of the pods", async () => {
    await kubectl([...own, "rollout", "restart", "deployment/messaging"]);
    await kubectl([...own, "rollout", "status", "deployment/messaging", "--timeout=120s"]);
    await expectUnchanged();
  });

  it("conflicts with a scaling by hand, and takes the number back as the docs say", async () => {
    await kubectl([...own, "scale", "deployment/messaging", "--replicas=2"]);
    // Without a refresh the engine does not look, so it changes nothing.
    expect(Object.keys(await stack.up())).toEqual(["same"]);

    const refreshed = await stack.run("up", "--stack", "engine", "--yes", "--skip-preview", "--refresh");
    expect(refreshed.code).not.toBe(0);
    expect(refreshed.output).toMatch(/conflict with "kubectl".*: \.spec\.replicas/s);

    await takeBack("--refresh");
    expect(await replicas()).toBe("3");
  });

  it("leaves the number of pods to an autoscaler, and takes it over when that is removed", async () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 4, connectionsPerPod: 1_000 };
    await configure({ services: [{ name: "messaging", path: "/messaging", autoscaling }] });
    expect(await stack.upSteps()).toContain("create HorizontalPodAutoscaler messaging-autoscaler");
    expect(await replicas()).toBe("3");
    // In place of the autoscaler, which has no metrics here.
    await kubectl([...own, "scale", "deployment/messaging", "--replicas=4"]);
    // A pod that is not ready yet counts as a change.
    await kubectl([...own, "rollout", "status", "deployment/messaging", "--timeout=120s"]);
    await expectUnchanged();
    expect(await replicas()).toBe("4");

    await configure();
    await takeBack("--refresh");
    expect(await replicas()).toBe("3");
  });

  it("keeps its secrets encrypted", async () => {
    const secrets = (
      await kubectlJson<{ items: { data: Record<string, string> }[] }>([...own, "get", "secrets"])
    ).items;
    const values = secrets.flatMap(({ data }) =>
      Object.values(data).map((value) => Buffer.from(value, "base64").toString()),
    );
    expect(values).toEqual(expect.arrayContaining([expect.stringMatching(/^\w{32}$/), tokens[1]]));
    const state = await stack.state();
    expect(state).toContain("messaging");
    for (const value of values) expect(state).not.toContain(value);
  });

  it("refuses another size of the store's volume, and replaces nothing", async () => {
    changed = { ...changed, sessionStore: smallStore({ storageGiB: 2, protect: true }) };
    await configure();
    const { code, output } = await stack.run("preview", "--stack", "engine");
    expect(code).not.toBe(0);
    expect(output).toContain("sessionStore.storageGiB is 2, but the volume of redis has 1Gi");
    expect(output).toContain("delete statefulset redis --cascade=orphan");
    expect(output).not.toMatch(/replace|^\s+at .*\(/m);
    refusal = output;
  });

  it("grows the volume by the commands in the error, and the store keeps running", async () => {
    // The cluster's StorageClass decides whether the volume grows; the API server accepts the commands in any case.
    const [claim] = (
      await kubectlJson<{ items: { spec: { storageClassName: string } }[] }>([...own, "get", "pvc"])
    ).items;
    const allow = ["--patch", '{"allowVolumeExpansion":true}'];
    await kubectl(["patch", "storageclass", claim?.spec.storageClassName ?? "", ...allow]);
    const [server] = await pods(namespace, "redis");
    const commands = refusal.split("\n").flatMap((line) => /^ *(kubectl .*)$/.exec(line)?.[1] ?? []);
    expect(commands).toHaveLength(2);
    for (const command of commands) await promisify(execFile)("sh", ["-c", command]);
    expect(await stack.run("refresh", "--stack", "engine", "--yes", "--skip-preview")).toMatchObject({
      code: 0,
    });
    expect(await stack.upSteps()).toEqual(["create StatefulSet redis-server"]);
    expect(
      await kubectl([
        ...own,
        "get",
        "pvc",
        "--output",
        "jsonpath={.items[*].spec.resources.requests.storage}",
      ]),
    ).toBe("2Gi");
    expect((await pods(namespace, "redis")).map(({ uid, restarts }) => [uid, restarts])).toEqual([
      [server?.uid, 0],
    ]);
  });

  it("fails to destroy while its store is protected, before anything is deleted", async () => {
    const before = await lasting();
    // Its preview fails; with --skip-preview, unprotected resources would be deleted first.
    const { code, output } = await stack.run("destroy", "--stack", "engine", "--yes");
    expect(code).not.toBe(0);
    expect(output).toMatch(/redis-server.*cannot be deleted[\s\S]*protect/);
    expect(await lasting()).toBe(before);
    expect(await pods(namespace, "messaging")).toHaveLength(3);
    expect(await stack.run("state", "unprotect", "--stack", "engine", "--all", "--yes")).toMatchObject({
      code: 0,
    });
  });

  it("leaves nothing when it is destroyed", async () => {
    const volumes = () =>
      kubectl([
        ...["get", "persistentvolumes", "--output"],
        `jsonpath={range .items[?(@.spec.claimRef.namespace=="${namespace}")]}{.status.phase} {end}`,
      ]);
    expect(await volumes()).toContain("Bound");
    await stack.destroy();
    await expect(kubectl(["get", "namespace", namespace])).rejects.toThrow("not found");
    expect(await volumes()).not.toContain("Bound");
    const { output } = await stack.run("stack", "--stack", "engine", "--show-urns");
    expect(output).toContain("resources (0)");
  });
});
