import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { npmPackage } from "../../ops/up/cli";
import { projectRoot } from "../../ops/render/stacks";

/** The first run of actionlint builds it from source. */
jest.setTimeout(300_000);

const run = promisify(execFile);

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly uses?: string;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = path.join(projectRoot, ".github/workflows");
const files = readdirSync(folder).map((file) => path.join(folder, file));
const action = path.join(projectRoot, ".github/actions/prepare/action.yml");
const workflow = (name: string) => parse(readFileSync(path.join(folder, `${name}.yml`), "utf8")) as Workflow;
const workflows = () => files.map((file) => workflow(path.basename(file, ".yml")));

test("every action is pinned by a commit, with the version that it is", () => {
  const uses = [...files, action].flatMap((file) => readFileSync(file, "utf8").match(/uses: .*/g) ?? []);
  expect(uses.length).toBeGreaterThan(10);
  const foreign = uses.filter((line) => !line.startsWith("uses: ./"));
  expect(
    foreign.filter((line) => !/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)),
  ).toEqual([]);
});

test("one action has one version everywhere", () => {
  const versions = new Map<string, Set<string>>();
  for (const file of [...files, action]) {
    for (const [, name = "", version = ""] of readFileSync(file, "utf8").matchAll(
      /uses: ([\w-]+\/[\w-]+)@(\S+)/g,
    )) {
      versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
  }
  expect([...versions].filter(([, found]) => found.size > 1)).toEqual([]);
});

test("no workflow has more permissions than to read, and each job declares what it needs in addition", () => {
  for (const { permissions, jobs } of workflows()) {
    expect([{}, { contents: "read" }]).toContainEqual(permissions);
    for (const [name, job] of Object.entries(jobs)) {
      // A job without its own permissions has the workflow's.
      if (Object.keys(permissions ?? {}).length === 0)
        expect({ name, permissions: job.permissions }).toHaveProperty("permissions.contents", "read");
    }
  }
});

test("only jobs of an environment get credentials, never a fork's code", () => {
  const triggered = workflows().filter(({ on }) => "pull_request" in on);
  expect(triggered.every(({ on }) => !("pull_request_target" in on))).toBe(true);
  const holding = triggered.flatMap(({ jobs }) =>
    Object.values(jobs).filter((job) => job.permissions?.["id-token"]),
  );
  expect(holding).toHaveLength(1);
  for (const job of holding) {
    expect(job.environment).toMatch(/-preview$/);
    expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  }
  expect(workflow("ci").permissions).toEqual({ contents: "read" });
});

test("prod waits for staging, and both for the image and its tests", () => {
  const { jobs } = workflow("main") as unknown as { jobs: Record<string, { needs?: string | string[] }> };
  expect(jobs).toMatchObject({
    image: { needs: "test" },
    staging: { needs: "image" },
    prod: { needs: ["image", "staging"] },
  });
});

test("the Pulumi CLI is the one that npm run up takes, for deployments and for the end-to-end tests on kind", () => {
  for (const file of [action, path.join(folder, "ci.yml")]) {
    expect(readFileSync(file, "utf8")).toContain(`pulumi-version: ${npmPackage.replace("pulumi@", "")}\n`);
  }
});

describe("actionlint", () => {
  test("finds nothing", async () => {
    const { command, missing } = await actionlint();
    if (command === undefined) {
      process.stdout.write(`workflows: actionlint is left out: ${missing}\n`);
      return;
    }
    const result = await run(command, ["-no-color"], { cwd: projectRoot }).then(
      () => "",
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    expect(result).toBe("");
  });
});

/** Installed as a Go module, so that Go's checksum database verifies it; kept in npm's usual cache folder. */
async function actionlint(): Promise<{ command?: string; missing: string }> {
  const version = "v1.7.7";
  const bin = path.join(projectRoot, `node_modules/.cache/actionlint-${version}`);
  const command = path.join(bin, "actionlint");
  if (existsSync(command)) return { command, missing: "" };
  try {
    await run("go", ["install", `github.com/rhysd/actionlint/cmd/actionlint@${version}`], {
      env: { ...process.env, GOBIN: bin },
    });
    return { command, missing: "" };
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    const why =
      String(code) === "ENOENT" ? "there is no go on the PATH" : `go cannot install it: ${stderr.trim()}`;
    return { missing: why };
  }
}
