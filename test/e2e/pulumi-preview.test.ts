import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { examples, projectRoot, stackFile } from "../../ops/render/stacks";
import { PulumiStack, type PulumiResult } from "./pulumi";

/** `pulumi preview` with the real engine and without a kubeconfig: what a user sees before the first `pulumi up`. */

const run = promisify(execFile);

/** Each command of the CLI starts an engine, a language host and a provider. */
jest.setTimeout(900_000);

let folder: string;
let stack: PulumiStack;

const config = (change: object = {}) => ({
  namespace: "chat",
  image: "holdfast/app:0.1.0",
  auth: { kind: "anonymous" },
  edge: { kind: "none" },
  network: { edge: [{ sameNamespace: true }] },
  services: [{ name: "chat" }],
  ...change,
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-preview-"));
  stack = await PulumiStack.create("preview", config(), { KUBECONFIG: path.join(folder, "kubeconfig") });
});

afterAll(async () => {
  await stack.remove();
  await rm(folder, { recursive: true });
});

const preview = (...args: string[]) => stack.run("preview", "--stack", "preview", ...args);

/** The errors in the output, without the resources before them and the counts after them. */
const diagnosticsOf = ({ output }: PulumiResult) =>
  /^Diagnostics:\n([\s\S]*?)(?=^(?:Outputs|Resources|Policies):)/m.exec(output)?.[1]?.trimEnd() ?? "";

describe("a preview", () => {
  it("needs no cluster", async () => {
    const { code, output } = await preview();
    expect({ code, diagnostics: diagnosticsOf({ code, output }) }).toEqual({ code: 0, diagnostics: "" });
    expect(output).toContain("Deployment chat-deployment create");
  });

  it("prints each error of the configuration once, and nothing else", async () => {
    await stack.configure(
      config({
        minReadySeconds: -1,
        drain: { drainSeconds: 30, gracePeriodSeconds: 20 },
        services: [{ name: "chat", replica: 2 }],
      }),
    );
    const result = await preview();
    expect(result.code).not.toBe(0);
    expect(diagnosticsOf(result).split("\n")).toEqual([
      "  pulumi:pulumi:Stack (holdfast-preview):",
      "    error: the configuration of stack preview has 3 issues:",
      expect.stringMatching(/^ {6}holdfast:services\[0\]\.replica is 2, .* Did you mean replicas\?$/),
      "      holdfast:minReadySeconds is -1. Set it to a whole number from 0 to 300.",
      expect.stringMatching(/^ {6}holdfast:drain\.gracePeriodSeconds is 20, expected at least 45 .*\.$/),
    ]);
  });

  it("refuses a context that the kubeconfig does not have, before any change", async () => {
    const kubeconfig = path.join(folder, "kubeconfig");
    await writeFile(kubeconfig, "contexts: [{ name: kind-kind }]\ncurrent-context: kind-kind\n");
    try {
      await stack.configure(config({ "kubernetes:context": "prod" }));
      const refused = await preview();
      expect(refused.code).not.toBe(0);
      expect(diagnosticsOf(refused)).toBe(
        "  pulumi:pulumi:Stack (holdfast-preview):\n" +
          `    error: stack preview is for the context prod (kubernetes:context), but ${kubeconfig} has kind-kind. ` +
          "Add that cluster to your kubeconfig, or, if the same cluster has another name here, run: " +
          "pulumi config set kubernetes:context NAME --stack preview",
      );
    } finally {
      await rm(kubeconfig);
    }
  });

  it("is refused by the policy pack, which names the rule, the object and the change", async () => {
    // The CLI's distribution has this next to its other programs; the lab's does not.
    const analyzer = path.join(folder, "bin/pulumi-analyzer-policy");
    await mkdir(path.dirname(analyzer));
    const runner = path.join(projectRoot, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
    await writeFile(analyzer, `#!/bin/sh\nexec node ${runner} "$@"\n`, { mode: 0o755 });
    const guarded = await PulumiStack.create(
      "guarded",
      // A value that the configuration allows, and a rule does not.
      config({
        services: [{ name: "chat", podTemplate: { spec: { terminationGracePeriodSeconds: 5 } } }],
      }),
      { KUBECONFIG: path.join(folder, "kubeconfig") },
      path.dirname(analyzer),
    );
    try {
      const pack = path.join(projectRoot, "infra/policy");
      const result = await guarded.run("preview", "--stack", "guarded", "--policy-pack", pack);
      expect(result.code).not.toBe(0);
      expect(result.output).toContain("grace-period-covers-drain");
      expect(result.output).toMatch(
        /Deployment chat\/chat: terminationGracePeriodSeconds is 5, but .* need 45 s; raise it to 45/,
      );
    } finally {
      await guarded.remove();
    }
  });
});

describe("a stack's file", () => {
  it("may be rewritten by `pulumi config set` without failing `npm run format:check`", async () => {
    await copyFile(path.join(projectRoot, "Pulumi.local.yaml"), stack.file);
    const { code, output } = await stack.run(
      ...["config", "set", "--stack", "preview", "kubernetes:context", "kind-kind"],
    );
    expect({ code, output }).toEqual({ code: 0, output: "" });
    // Without the CLI's own style this test would show nothing.
    expect(await readFile(stack.file, "utf8")).toContain("{name: messaging-service");
    await copyFile(path.join(projectRoot, ".prettierignore"), path.join(stack.folder, ".prettierignore"));
    const prettier = path.join(projectRoot, "node_modules/.bin/prettier");
    await expect(
      run(prettier, ["--check", path.basename(stack.file)], { cwd: stack.folder }),
    ).resolves.toBeDefined();
  });
});

describe("a project made by `pulumi new`", () => {
  it("is previewed with the answers alone, and without a session store", async () => {
    // The contents of a clone, because the CLI copies the whole folder.
    const template = path.join(folder, "template");
    const made = path.join(folder, "team-chat");
    await cp(projectRoot, template, {
      recursive: true,
      filter: (file) => !/^(node_modules|dist|\.git|\.holdfast)$/.test(path.basename(file)),
    });
    // With `--generate-only`, because the packages exist here, and the lab's engine cannot install them.
    const succeed = async (...args: string[]) => {
      const result = await stack.run(...args);
      expect(result).toMatchObject({ code: 0 });
      return result.output;
    };
    await succeed("new", template, "--name", "team-chat", "--dir", made, "--generate-only", "--yes");
    await symlink(path.join(projectRoot, "node_modules"), path.join(made, "node_modules"));
    const { template: asks } = parse(await readFile(path.join(template, "Pulumi.yaml"), "utf8")) as {
      template: { config: Record<string, { default: string }> };
    };
    await succeed("stack", "init", "dev", "--cwd", made);
    for (const [key, answer] of Object.entries(asks.config)) {
      await succeed("config", "set", key, answer.default, "--stack", "dev", "--cwd", made);
    }
    expect(await succeed("preview", "--stack", "dev", "--cwd", made)).toContain(
      "Deployment chat-deployment create",
    );
    await succeed("config", "set", "--path", "sessionStore.kind", "none", "--stack", "dev", "--cwd", made);
    expect(await succeed("preview", "--stack", "dev", "--cwd", made)).not.toContain("StatefulSet");
  });
});

const contentOf = (file: string) => readFile(path.join(projectRoot, file), "utf8");

/** The stack that the README tells users to write. */
async function stackOfReadme(): Promise<string> {
  const [, text = ""] = /<<'YAML'\n(.*?)^YAML$/ms.exec(await contentOf("README.md")) ?? [];
  expect(text).toContain("kubernetes:context");
  return text;
}

/** Stacks for which the engine sees more than a rendering: secrets, charts, a missing provider. */
const previewed = ["README", "alb-elasticache", ...examples().filter((name) => name.endsWith("-external"))];

describe("stacks to copy", () => {
  /** Providers that the machine does not have; nothing else may stop a preview. */
  const missing = [
    { pattern: /no resource plugin 'pulumi-resource-(\w+)' found/, what: "the provider" },
    {
      pattern: /looks like "(\S+)" is not a valid chart repository or cannot be reached/,
      what: "the repository",
    },
  ];

  it("are previewed, as far as the providers are available", async () => {
    const queue = [...previewed];
    const outcomes: Record<string, string> = {};
    const worker = async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
        outcomes[name] = await outcomeOf(name);
      }
    };
    await Promise.all([worker(), worker()]);
    process.stderr.write(
      Object.entries(outcomes)
        .toSorted()
        .map(([name, outcome]) => `preview of ${name}: ${outcome}\n`)
        .join(""),
    );
    for (const [name, outcome] of Object.entries(outcomes)) {
      expect([name, outcome]).toEqual([
        name,
        expect.stringMatching(
          /^(\d+ resources|not tried to its end: the (provider aws|repository \S+) is not there)$/,
        ),
      ]);
    }
    const whole = Object.values(outcomes).filter((outcome) => outcome.endsWith(" resources"));
    expect(whole.length).toBeGreaterThanOrEqual(4);
  });

  async function outcomeOf(name: string): Promise<string> {
    const text = name === "README" ? await stackOfReadme() : await contentOf(stackFile(name));
    const one = await PulumiStack.create(
      name,
      {},
      {
        KUBECONFIG: path.join(folder, "kubeconfig"),
        // The AWS provider has hundreds of megabytes, and would only report missing credentials.
        ...(text.includes("kind: elasticache")
          ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }
          : {}),
      },
    );
    try {
      await one.configureBy(text);
      if (text.includes("secret holdfast:redisUrl")) {
        const url = "rediss://user:password@redis.example.com:6379";
        await one.run("config", "set", "--stack", name, "--secret", "holdfast:redisUrl", url);
      }
      const result = await one.run("preview", "--stack", name);
      const created = /^ +\+ (\d+) to create$/m.exec(result.output)?.[1] ?? "0";
      if (result.code === 0) return `${created} resources`;
      const [absent] = missing.flatMap(({ pattern, what }) => {
        const found = pattern.exec(result.output)?.[1];
        return found === undefined ? [] : [`not tried to its end: ${what} ${found} is not there`];
      });
      return absent ?? `${diagnosticsOf(result)}\n${result.output}`;
    } finally {
      await one.remove();
    }
  }
});
