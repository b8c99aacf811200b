import { kubectl, kubectlJson } from "./kubectl";
import { PulumiStack } from "./pulumi";
import { namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";

/** The Holdfast application and its store by the real engine, from the first `pulumi up` to `pulumi destroy`. */

const namespace = `${namespacePrefix}-engine`;
const own = ["--namespace", namespace];

function config(change: object = {}) {
  const { images } = readSurroundings();
  return {
    namespace,
    image: images.app,
    auth: { kind: "anonymous" },
    edge: { kind: "none" },
    network: { edge: [{ sameNamespace: true }] },
    sessionStore: {
      kind: "redis",
      storageGiB: 1,
      ...(images.redis === undefined ? {} : { image: images.redis }),
    },
    services: [{ name: "messaging", replicas: 2 }],
    drain: { preStopSeconds: 2, drainSeconds: 5 },
    minReadySeconds: 1,
    ...change,
  };
}

let stack: PulumiStack;

beforeAll(async () => {
  stack = await PulumiStack.create("engine", config());
}, 120_000);

afterAll(() => stack.remove());

const unchanged = () => stack.run("preview", "--stack", "engine", "--refresh", "--expect-no-changes");

describe("the stack under the real engine", () => {
  it("comes up at once, and again without a change", async () => {
    const start = performance.now();
    const { create = 0 } = await stack.up();
    process.stderr.write(
      `first up: ${create} resources in ${Math.round((performance.now() - start) / 1_000)} s\n`,
    );
    expect(create).toBeGreaterThan(10);
    expect(Object.keys(await stack.up())).toEqual(["same"]);
  }, 600_000);

  it("does not drift by a restart of the pods", async () => {
    await kubectl([...own, "rollout", "restart", "deployment/messaging"]);
    await kubectl([...own, "rollout", "status", "deployment/messaging", "--timeout=120s"]);
    const { code, output } = await unchanged();
    expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
  }, 600_000);

  it("keeps its secrets encrypted", async () => {
    const [secret] = (
      await kubectlJson<{ items: { data: { password?: string } }[] }>([...own, "get", "secrets"])
    ).items.filter(({ data }) => data.password !== undefined);
    const password = Buffer.from(secret?.data.password ?? "", "base64").toString();
    expect(password).toHaveLength(32);
    const state = await stack.state();
    expect(state).toContain("messaging");
    expect(state).not.toContain(password);
  });

  it("refuses another size of the store's volume, and replaces nothing", async () => {
    const { image } = config().sessionStore;
    await stack.configure(
      config({ sessionStore: { kind: "redis", storageGiB: 2, ...(image === undefined ? {} : { image }) } }),
    );
    const { code, output } = await stack.run("preview", "--stack", "engine");
    expect(code).not.toBe(0);
    expect(output).toContain("sessionStore.storageGiB is 2, but the volume of redis was made with 1Gi");
    expect(output).toContain("delete statefulset redis --cascade=orphan");
    expect(output).not.toMatch(/replace|^\s+at .*\(/m);
  }, 300_000);

  it("prints a wrong configuration once, without a stack trace", async () => {
    await stack.configure(config({ minReadySeconds: -1 }));
    const { code, output } = await stack.run("preview", "--stack", "engine");
    expect(code).not.toBe(0);
    expect(output.match(/minReadySeconds/g)).toHaveLength(1);
    expect(output).not.toMatch(/^\s+at .*\(/m);
  }, 300_000);

  it("leaves nothing when it is destroyed", async () => {
    await stack.configure(config());
    await stack.destroy();
    await expect(kubectl(["get", "namespace", namespace])).rejects.toThrow("not found");
  }, 600_000);
});
