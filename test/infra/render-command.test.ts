import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { renderStack } from "../../ops/render/render";
import { projectRoot } from "../../ops/render/stacks";

/** Starts another Node.js process, which loads Pulumi's SDKs. */
jest.setTimeout(120_000);

async function renderCommand(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const tsx = path.join(projectRoot, "node_modules/tsx/dist/cli.mjs");
  const child = spawn(process.execPath, [tsx, "ops/render/main.ts", ...args], { cwd: projectRoot });
  const streams = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (streams.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (streams.stderr += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, ...streams };
}

test("prints one JSON document and nothing else", async () => {
  const { code, stdout, stderr } = await renderCommand("--stack", "local", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual(await renderStack("local"));
});

test("prints what is wrong and fails", async () => {
  const { code, stdout, stderr } = await renderCommand("--stack", "nope");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("render: Pulumi.nope.yaml does not exist; the stacks are local, prod, staging, ");
});
