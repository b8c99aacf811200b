import { apply, kubectl, kubectlJson, type Manifest } from "./kubectl";
import { PulumiStack } from "./pulumi";
import { namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";

/** What docs/adoption.md says of phase 1, on a Deployment and a Service made by kubectl. */

const namespace = `${namespacePrefix}-adopted`;
const own = ["--namespace", namespace];

/** A server as small as can be: nothing here connects to it. */
const server = `require("node:http").createServer((_, response) => response.end()).listen(3000)`;

const deployment = (podSpec: object = {}): Manifest => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "chat", namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "chat", tier: "web" } },
    template: {
      metadata: { labels: { app: "chat", tier: "web" } },
      spec: {
        containers: [
          {
            name: "server",
            image: readSurroundings().images.app,
            imagePullPolicy: "IfNotPresent",
            command: ["node", "-e", server],
            ports: [{ containerPort: 3000 }],
          },
        ],
        ...podSpec,
      },
    },
  },
});

const service: Manifest = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "chat", namespace },
  spec: { selector: { app: "chat", tier: "web" }, ports: [{ name: "ws", port: 3000 }] },
};

const config = (existing: object = {}) => ({
  namespace: { name: namespace, create: false },
  host: "chat.nova.social",
  sessionStore: { kind: "none" },
  minReadySeconds: 1,
  services: [{ name: "chat", path: "/chat", existing: { container: "server", ...existing } }],
});

/** An object as people made it: without what the API server and its controllers write. */
async function live(kind: string): Promise<Record<string, unknown>> {
  const { metadata, spec } = await kubectlJson<{
    metadata: Manifest["metadata"] & { annotations?: object };
    spec: object;
  }>([...[...own, "get", kind, "chat"]]);
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== "deployment.kubernetes.io/revision"),
  );
  return { annotations, spec };
}

/** As kubectl does without --server-side: it owns the defaults of what it makes. */
const applyAsOwner = (...objects: Manifest[]) =>
  kubectl(["apply", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));

let stack: PulumiStack;

beforeAll(async () => {
  await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  await applyAsOwner(deployment(), service);
  await kubectl([...own, "rollout", "status", "deployment/chat", "--timeout=120s"]);
  stack = await PulumiStack.create("adopted", config());
}, 600_000);

afterAll(() => stack.remove());

describe("a Deployment and a Service that kubectl made", () => {
  it("get what is missing, nothing else, and are given back field by field", async () => {
    const before = { deployment: await live("deployment"), service: await live("service") };

    await stack.up();
    const adopted = await kubectlJson<{
      spec: {
        minReadySeconds: number;
        strategy: object;
        template: {
          spec: {
            terminationGracePeriodSeconds: number;
            containers: { lifecycle?: object; image: string }[];
          };
        };
      };
    }>([...own, "get", "deployment", "chat"]);
    expect(adopted.spec).toMatchObject({
      minReadySeconds: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        spec: {
          terminationGracePeriodSeconds: 45,
          containers: [
            { image: readSurroundings().images.app, lifecycle: { preStop: { sleep: { seconds: 10 } } } },
          ],
        },
      },
    });
    expect((await live("service")).spec).toMatchObject({
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    const budget = await kubectlJson<{ status: { expectedPods: number } }>([
      ...[...own, "get", "poddisruptionbudget", "chat-holdfast"],
    ]);
    expect(budget.status.expectedPods).toBe(2);

    expect(Object.keys(await stack.up())).toEqual(["same"]);

    await stack.destroy();
    expect({ deployment: await live("deployment"), service: await live("service") }).toEqual(before);
    expect(await kubectl([...own, "get", "poddisruptionbudgets,ingresses", "--output", "name"])).toBe("");
  }, 900_000);

  it("keep a value that their owner chose; the error names field, owner and change", async () => {
    await applyAsOwner(deployment({ terminationGracePeriodSeconds: 60 }));
    const { code, output } = await stack.run("preview", "--stack", "adopted");
    expect(code).not.toBe(0);
    expect(output).toContain(
      "spec.template.spec.terminationGracePeriodSeconds is 60, set by kubectl-client-side-apply; this stack sets 45.",
    );
    expect(output).toContain("services[].existing.force");
    expect(output).not.toMatch(/^\s+at .*\(/m);
  }, 600_000);
});
