import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { render } from "../../ops/render/render";
import { fetchCrds } from "./crds";
import { buildWithoutEngine } from "./dockerfile";
import { apply, clusterIp, kubectl, kubectlJson } from "./kubectl";
import { findLabs } from "./labs";
import { ownImageNames, rootOf, writeOwnImages } from "./own-images";
import type { Surroundings } from "./surroundings";
import { until } from "./until";

/** A Kubernetes for the tests: all differences between clusters are here. */
export interface Cluster {
  readonly name: string;
  /** Prepares it: nodes, images, edge, CRDs, client addresses. Repeating it changes nothing. */
  prepare(report: (step: string) => void): Promise<Surroundings>;
  /** The command that runs another command where pods, Services and the API server are reachable. */
  inside(command: readonly string[]): readonly string[];
}

/** There is no cluster. The message says how to get one. */
export class NoClusterError extends Error {
  readonly code = "HOLDFAST_NO_CLUSTER";
}

const run = promisify(execFile);
const root = path.resolve(__dirname, "../..");

/** The tag of the image that the tests build. */
const appImage = "holdfast/app:e2e";
/** The longest time until an API server serves a new kind. Milliseconds. */
const servedMs = 60_000;
/** The number of client addresses of each cluster. */
const clients = 32;

/**
 * The cluster that KUBECONFIG names, or else the one that this machine can start. No other one, because the current context of a
 * user's configuration may be any cluster. Throws {@link NoClusterError}.
 */
export async function findCluster(env: NodeJS.ProcessEnv): Promise<Cluster> {
  if (env.KUBECONFIG !== undefined && env.KUBECONFIG !== "") {
    const context = (await kubectl(["config", "current-context"])).trim();
    if (context.startsWith("kind-")) return kind(context.slice("kind-".length));
    throw new NoClusterError(
      `the context ${context} of ${env.KUBECONFIG} is not of kind; the tests load images into nodes and bind ` +
        "client addresses, which they know how to do for kind and for ../shared/cluster",
    );
  }
  const command = path.join(root, "../shared/cluster/cluster");
  if (existsSync(command)) return testCluster(command);
  throw new NoClusterError(
    "no cluster to test in: set KUBECONFIG to that of a kind cluster (kind create cluster), " +
      `or put a test cluster's command at ${command}`,
  );
}

/** Two nodes in network namespaces of this machine. Nothing is reachable from outside them. */
function testCluster(command: string): Cluster {
  const call = async (...args: string[]) => (await run(command, args, { maxBuffer: 16 * 2 ** 20 })).stdout;
  const redisImage = "redis:e2e";
  return {
    name: "the test cluster of this machine",
    inside: (inner) => [command, "exec", ...inner],
    async prepare(report) {
      report("starting two nodes");
      await call("up", "2");
      await weighNodes();
      report("making the images, as the Dockerfile says");
      const scratch = await mkdtemp(path.join(tmpdir(), "holdfast-image-"));
      try {
        const {
          root: files,
          workdir,
          entrypoint,
        } = await buildWithoutEngine(root, "app/Dockerfile", scratch);
        await call("node-image", appImage, path.join(files, workdir), ...entrypoint);
        for (const own of await writeOwnImages(path.join(scratch, "own"))) {
          if (own.base === "node") {
            await call("node-image", own.name, own.folder, ...own.entrypoint);
            continue;
          }
          const target = path.join(scratch, "root", path.basename(own.folder));
          await mkdir(target, { recursive: true });
          await call("image", own.name, target, ...(await rootOf(own, target)));
        }
      } finally {
        await rm(scratch, { recursive: true });
      }
      await call("redis-image", redisImage);
      report("starting the edge");
      const edge = new URL((await call("traefik")).trim());
      if (await needsCrds()) {
        report("installing CRDs");
        // lab-gateway leaves it behind; it would refuse any other version of Gateway API than its own.
        const guard = "validatingadmissionpolicybinding/safe-upgrades.gateway.networking.k8s.io";
        await call("exec", "kubectl", "delete", guard, "--ignore-not-found");
        await call("crds");
        // Established does not mean served: for a moment the API server answers that it is still preparing them.
        await until("the API server serves the CRDs", servedMs, async () => {
          const kinds = "podmonitors,servicemonitors,prometheuses,prometheusrules";
          return call("exec", "kubectl", "get", kinds, "--all-namespaces").then(
            () => true,
            () => undefined,
          );
        });
      }
      await call("clients", String(clients));
      report("unpacking Pulumi's engine");
      const engine = await engineEnvironment(path.join(path.dirname(command), "pulumi-env"));
      return {
        images: { app: appImage, redis: redisImage, own: ownImageNames() },
        edge: { address: edge.hostname, port: Number(edge.port || 80), namespace: "traefik" },
        clientAddresses: Array.from({ length: clients }, (_, index) => `10.98.1.${index + 1}`),
        clientNetworks: ["10.98.0.0/16"],
        ipv6Policies: false, // a policy with an IPv6 network is never enforced there, nor any policy after it
        crds: await fetchCrds(),
        labs: findLabs(path.dirname(command)),
        engine,
        secretSeed: randomBytes(32).toString("hex"),
      };
    },
  };
}

/** The environment from the command that unpacks an engine. It runs once, because two of them at the same time conflict. */
async function engineEnvironment(command: string): Promise<Record<string, string>> {
  const { stdout } = await run("bash", ["-c", `said=$("$0") && eval "$said" && env -0`, command]);
  const all = stdout.split("\0").map((entry) => /^([^=]+)=(.*)$/s.exec(entry));
  return Object.fromEntries(
    all.flatMap((match) =>
      match !== null && /^(PATH|PULUMI_.*)$/.test(match[1] ?? "") ? [[match[1] ?? "", match[2] ?? ""]] : [],
    ),
  );
}

/** The folder where version 1 of control groups divides the CPU; version 2 does not have it. */
const cpuGroups = "/sys/fs/cgroup/cpu";

/**
 * Gives the pods of each node the CPU weight that its kubelet computes. Without this, their group has the weight of a single
 * process of this machine, and a kubectl next to them would starve all of them.
 */
async function weighNodes(): Promise<void> {
  const groups = existsSync(cpuGroups) ? await readdir(cpuGroups) : [];
  for (const node of groups.filter((name) => name.startsWith("test-cluster-"))) {
    const shares = (group: string) => path.join(cpuGroups, node, group, "cpu.shares");
    await writeFile(shares("."), await readFile(shares("kubepods")));
  }
}

/**
 * Nodes in Docker containers on this machine. Their bridge gets routes to pods and Services, and addresses for clients, so that
 * the tests see what a node sees. This requires sudo.
 */
function kind(name: string): Cluster {
  const sudo = (...args: string[]) => run("sudo", args);
  return {
    name: `kind cluster ${name}`,
    inside: (inner) => inner,
    async prepare(report) {
      report("building the image");
      await run("docker", ["build", "--file", "app/Dockerfile", "--tag", appImage, "."], {
        cwd: root,
        maxBuffer: 64 * 2 ** 20,
      });
      const scratch = await mkdtemp(path.join(tmpdir(), "holdfast-image-"));
      for (const own of await writeOwnImages(scratch)) {
        await run("docker", ["build", "--tag", own.name, own.folder], { maxBuffer: 64 * 2 ** 20 });
      }
      await rm(scratch, { recursive: true });
      const images = [appImage, ...Object.values(ownImageNames())];
      await run("kind", ["load", "docker-image", ...images, "--name", name]);
      report("starting the edge");
      const edge = await installTraefik();
      if (await needsCrds()) {
        report("installing CRDs");
        await installCrds();
      }
      report("opening the way to pods and Services");
      const nodes = (await kubectlJson<NodeList>(["get", "nodes"])).items.map(({ spec, status }) => ({
        address: status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
        podCIDR: spec.podCIDR,
      }));
      const first = nodes[0]?.address ?? "";
      for (const { address, podCIDR } of nodes) await sudo("ip", "route", "replace", podCIDR, "via", address);
      await sudo("ip", "route", "replace", "10.96.0.0/16", "via", first); // kind's default for Services
      const [route] = JSON.parse((await run("ip", ["-json", "route", "get", first])).stdout) as {
        dev: string;
      }[];
      const prefix = first.split(".").slice(0, 2).join(".");
      const clientAddresses = Array.from({ length: clients }, (_, index) => `${prefix}.250.${index + 1}`);
      for (const address of clientAddresses) {
        await sudo("ip", "address", "replace", `${address}/16`, "dev", route?.dev ?? "");
      }
      return {
        images: { app: appImage, redis: undefined, own: ownImageNames() },
        edge: { address: edge, port: 80, namespace: "traefik" },
        clientAddresses,
        clientNetworks: [`${prefix}.0.0/16`],
        ipv6Policies: true,
        crds: await fetchCrds(),
        labs: {},
        engine: {},
        secretSeed: randomBytes(32).toString("hex"),
      };
    },
  };
}

interface NodeList {
  readonly items: readonly {
    readonly spec: { readonly podCIDR: string };
    readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
  }[];
}

/** Installs the chart of the stacks with their values; returns the address of its Service. */
async function installTraefik(): Promise<string> {
  const { charts, objects } = await render("staging", {
    overrides: { edge: { kind: "nginx", controller: "traefik" } },
  });
  const chart = charts.find(({ name }) => name === "traefik");
  if (chart === undefined) throw new Error("the stack with controller traefik renders no chart of that name");
  await apply(objects.filter((object) => object.kind === "IngressClass"));
  const helm = run("helm", [
    ...["upgrade", "--install", "traefik", chart.chart, "--version", chart.version],
    ...["--repo", "https://traefik.github.io/charts", "--namespace", chart.namespace, "--create-namespace"],
    ...["--values", "-", "--timeout", "3m"],
  ]);
  helm.child.stdin?.end(JSON.stringify(chart.values));
  await helm;
  const own = ["--namespace", chart.namespace];
  await kubectl([...own, "rollout", "status", "deployment/traefik", "--timeout=180s"]);
  return clusterIp(chart.namespace, "traefik");
}

/** Installs the kinds of prometheus-operator without the operator: nothing here reads its objects. */
async function installCrds(): Promise<void> {
  await run("helm", [
    ...[
      "upgrade",
      "--install",
      "prometheus-operator-crds",
      "prometheus-operator-crds",
      "--version",
      "32.0.0",
    ],
    ...["--repo", "https://prometheus-community.github.io/helm-charts", "--namespace", "monitoring"],
    ...["--create-namespace", "--timeout", "3m"],
  ]);
}

/** Whether a stack contains custom resources. */
async function needsCrds(): Promise<boolean> {
  const stacks = await Promise.all(["local", "staging", "prod"].map((stack) => render(stack)));
  return stacks.some(({ objects }) =>
    objects.some(({ apiVersion }) =>
      /^(monitoring\.coreos\.com|gateway\.networking\.k8s\.io)\//.test(apiVersion),
    ),
  );
}
