import { runtime } from "@pulumi/pulumi";
import { isMandatory } from "../../../infra/policy/rule";
import { rules } from "../../../infra/policy/rules";
import { readStackConfig } from "../../../ops/render/stack-config";
import { runUnderEngine, secret } from "../fake-engine";
import { compliant } from "./compliant";
import { PolicyProcess, urnOf, type Described } from "./policy-process";
import { find, spoil } from "./spoil";

/** Starts other Node.js processes, which load Pulumi's SDKs and compile the program and the pack. */
jest.setTimeout(180_000);

let pack: PolicyProcess;
beforeAll(async () => {
  pack = await PolicyProcess.start();
});
afterAll(() => pack.stop());

const deployment = "Deployment live/chat";
const container = "spec > template > spec > containers > 0";

/** The resource of the compliant system with a field changed, as the engine would describe it. */
function described(title: string, field?: string, value?: unknown): Described {
  const resources = compliant();
  const resource = find(resources, title);
  if (field !== undefined) spoil(resource, field, value);
  const { type, properties, protect = false } = resource;
  return { type, name: "chat", properties, protect };
}

test("lists every rule, with its effect on an update", async () => {
  const info = await pack.info();
  expect(info.getName()).toBe("holdfast");
  expect(
    info.getPoliciesList().map((policy) => ({ name: policy.getName(), level: policy.getEnforcementlevel() })),
  ).toEqual(rules.map((rule) => ({ name: rule.name, level: isMandatory(rule) ? 1 : 0 })));
});

test("passes the first preview of stack prod without a message, although generated secrets are unknown", async () => {
  const { values } = await readStackConfig("prod", {}, (name) => name);
  const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`holdfast:${key}`, value]));
  const run = await runUnderEngine("prod", config, { preview: true });
  expect(run).toMatchObject({ exitCode: 0, log: "" });
  expect(JSON.stringify(run.registered)).toContain(runtime.unknownValue);
  for (const { type, name, inputs, protect } of run.registered) {
    expect(await pack.analyze("prod", { type, name, properties: inputs, protect })).toEqual([]);
  }
  const stack = run.registered.map(({ type, name, state, protect }) => ({
    type,
    name,
    properties: state,
    protect,
  }));
  expect(await pack.analyzeStack("prod", stack)).toEqual([]);
});

describe("before a resource is created", () => {
  test("a violation stops the update, and says what to do", async () => {
    const said = await pack.analyze("prod", described(deployment, `${container} > image`, "chat:latest"));
    expect(said).toEqual([
      {
        policy: "images-are-fixed",
        level: 1,
        // The engine knows which resource it asked about.
        urn: "",
        message: expect.stringContaining(
          "Deployment live/chat: container app runs chat:latest; set the image's digest",
        ) as string,
      },
    ]);
  });

  test("an advisory violation stops nothing", async () => {
    const said = await pack.analyze("prod", described(deployment, "spec > minReadySeconds", 0));
    expect(said.map(({ policy, level }) => ({ policy, level }))).toEqual([
      { policy: "new-pods-prove-themselves", level: 0 },
    ]);
  });

  test("unknown values are skipped, and the rest is judged", async () => {
    const one = described(deployment, `${container} > image`, runtime.unknownValue);
    expect(await pack.analyze("prod", one)).toEqual([]);
    const two = described(deployment, "spec > template > spec > initContainers > 0 > image", "chat:latest");
    spoil({ title: two.name, ...two }, `${container} > image`, runtime.unknownValue);
    expect((await pack.analyze("prod", two)).map(({ policy }) => policy)).toEqual(["images-are-fixed"]);
  });

  test("secrets are read, wherever they are wrapped", async () => {
    const one = described("ReplicationGroup sessions", "authToken", secret("x".repeat(32)));
    expect(await pack.analyze("prod", one)).toEqual([]);
  });

  test.each([
    { stack: "prod", protect: false, policies: ["data-is-protected"] },
    { stack: "prod", protect: true, policies: [] },
    { stack: "staging", protect: false, policies: [] },
  ])("data in stack $stack, protected: $protect", async ({ stack, protect, policies }) => {
    const said = await pack.analyze(stack, { ...described("ReplicationGroup sessions"), protect });
    expect(said.map(({ policy }) => policy)).toEqual(policies);
  });
});

describe("when the whole stack is known", () => {
  const single = described(deployment, "spec > replicas", 1);
  const others = compliant()
    .filter(({ title }) => title !== deployment)
    .map(({ type, title, properties, protect = false }) => ({ type, name: title, properties, protect }));

  test("a violation is reported for its resource", async () => {
    expect(await pack.analyzeStack("staging", [single, ...others])).toEqual([
      {
        policy: "more-than-one-replica",
        level: 1,
        urn: urnOf("staging", single),
        message: expect.stringContaining(
          "Deployment live/chat: replicas is 1; set replicas to 2 or more",
        ) as string,
      },
    ]);
  });

  test("one pod is enough in stack local", async () => {
    expect(await pack.analyzeStack("local", [single, ...others])).toEqual([]);
  });
});
