import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { projectRoot } from "../../../ops/render/stacks";
import { compliant } from "./compliant";
import { find, spoil } from "./spoil";

/** Starts other Node.js processes. */
jest.setTimeout(120_000);

async function policy(args: readonly string[], input = "") {
  const tsx = path.join(projectRoot, "node_modules/tsx/dist/cli.mjs");
  const child = spawn(process.execPath, [tsx, "ops/policy/main.ts", ...args], { cwd: projectRoot });
  child.stdin.end(input);
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await closed) as [number];
  return { code, stdout, stderr };
}

/** The objects of the compliant system as a file, with one field changed. */
function manifests(title: string, field: string, value: unknown): string {
  const resources = compliant().filter(({ type }) => type.startsWith("kubernetes:"));
  spoil(find(resources, title), field, value);
  return resources.map(({ properties }) => stringify(properties)).join("---\n");
}

test("judges a file of other manifests, and says for each violation what to do", async () => {
  const file = manifests(
    "Deployment live/chat",
    "spec > template > spec > terminationGracePeriodSeconds",
    30,
  );
  const { code, stdout, stderr } = await policy(["--file", "-", "--json"], file);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject([
    {
      of: "-",
      webSocketWorkloads: 2,
      violations: [
        {
          rule: "grace-period-covers-drain",
          mandatory: true,
          object: "Deployment live/chat",
          actual:
            "terminationGracePeriodSeconds is 30, but preStop 120 s + drain 30 s + close 5 s need 155 s",
          fix: "raise it to 155, or shorten preStop or DRAIN_SECONDS",
        },
      ],
    },
  ]);
});

test("advisory violations alone fail nothing, unless configured", async () => {
  const file = manifests("Deployment live/chat", "spec > minReadySeconds", 0);
  const [lenient, strict] = await Promise.all([
    policy(["--file", "-"], file),
    policy(["--file", "-", "--strict"], file),
  ]);
  expect([lenient.code, strict.code]).toEqual([0, 1]);
  expect(lenient.stdout).toContain("0 breaches stop an update, 1 are advice");
  expect(lenient.stdout).toContain("new-pods-prove-themselves");
});

test("expands lists, accepts another label, and reports if nothing serves WebSockets", async () => {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "one", labels: { app: "chat" } }, spec: {} };
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [pod] });
  const [unnamed, named] = await Promise.all([
    policy(["--file", "-"], list),
    policy(["--file", "-", "--websocket", "app=chat"], list),
  ]);
  expect(unnamed).toMatchObject({ code: 0, stderr: "" });
  expect(unnamed.stdout).toContain("No pods here are labelled as serving WebSockets");
  expect(named.code).toBe(1);
  expect(named.stdout).toContain("disruption-budget-exists");
});

test.each([
  { args: ["--file", "no-such.yaml"], says: "policy: no-such.yaml does not exist\n" },
  { args: ["--stack", "nope"], says: "policy: Pulumi.nope.yaml does not exist" },
  { args: ["--nope"], says: "error: unknown option '--nope'" },
  {
    args: ["--file", "-"],
    input: "just: text\n",
    says: "policy: document 1 of - is not a Kubernetes object",
  },
])("nothing was judged: exit code 2, with $args", async ({ args, input = "", says }) => {
  const { code, stdout, stderr } = await policy(args, input);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(says);
});

test("judges a stack", async () => {
  const { code, stdout } = await policy(["--stack", "staging"]);
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("stack staging: ") as string,
  });
});
