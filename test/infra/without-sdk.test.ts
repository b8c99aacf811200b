import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const projectRoot = path.resolve(__dirname, "../..");

/** Prints the Pulumi packages that a module loads. */
const listing = `
  require(process.argv[1]);
  const packages = Object.keys(require.cache).flatMap((file) => /node_modules.(@pulumi.[^/]+)/.exec(file)?.[1] ?? []);
  console.log(JSON.stringify([...new Set(packages)]));
`;

/** A separate process, because other tests of this one may have loaded an SDK. */
async function sdksOf(module: string): Promise<unknown> {
  const args = ["--require", "tsx/cjs", "--eval", listing, path.join(projectRoot, module)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectRoot });
  return JSON.parse(stdout);
}

/** Pulumi's SDKs take seconds to load, and are needed only to create resources. */
test.each([
  ["the check of a configuration", "infra/config/index.ts"],
  ["the timing constraints", "infra/timing.ts"],
  ["the rules of the policies", "infra/policy/rules/index.ts"],
  ["the checks of the doctor", "ops/doctor/checks/index.ts"],
  ["the doctor's reading of a stack's configuration", "ops/kubernetes/stack-in-cluster.ts"],
])("%s: no SDK of Pulumi is loaded", async (_, module) => {
  expect(await sdksOf(module)).toEqual([]);
});

test("a module of an SDK is found", async () => {
  expect(await sdksOf("node_modules/@pulumi/pulumi/version.js")).toEqual(["@pulumi/pulumi"]);
});
