import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { projectRoot } from "../../ops/render/stacks";

const run = promisify(execFile);

/** How a command of the CLI ended. */
export interface PulumiResult {
  readonly code: number;
  /** What it printed, both streams, without the lines of its progress. */
  readonly output: string;
}

/** What `pulumi up` and the like did, by kind of step, such as `{ create: 3, same: 2 }`. */
export type Changes = Readonly<Record<string, number>>;

/**
 * A stack of this project in the real engine, with its state in a folder and a passphrase. It has a folder of its own
 * with links to the program, so that the CLI rewrites no stack file of the repository.
 */
export class PulumiStack {
  readonly #name: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(name: string, folder: string, env: NodeJS.ProcessEnv) {
    [this.#name, this.#folder, this.#env] = [name, folder, env];
  }

  static async create(name: string, config: object): Promise<PulumiStack> {
    const folder = await mkdtemp(path.join(tmpdir(), "holdfast-pulumi-"));
    await copyFile(path.join(projectRoot, "Pulumi.yaml"), path.join(folder, "Pulumi.yaml"));
    for (const entry of ["infra", "node_modules", "package.json"]) {
      await symlink(path.join(projectRoot, entry), path.join(folder, entry));
    }
    const env = {
      ...process.env,
      ...(await labEnvironment()),
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "e2e",
    };
    const stack = new PulumiStack(name, folder, env);
    const { code, output } = await stack.run("stack", "init", name);
    if (code !== 0) throw new Error(`pulumi stack init: ${output}`);
    await stack.configure(config);
    return stack;
  }

  /** Replaces the configuration; keys without the project's name. */
  async configure(config: object): Promise<void> {
    const file = path.join(this.#folder, `Pulumi.${this.#name}.yaml`);
    const [salt] = /^encryptionsalt: .*$/m.exec(await readFile(file, "utf8")) ?? [""];
    const values = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [`holdfast:${key}`, value as unknown]),
    );
    await writeFile(file, `${salt}\n${stringify({ config: values })}`);
  }

  /** `pulumi up`; rejects with what was printed if it fails. */
  up(): Promise<Changes> {
    return this.#change("up", "--yes", "--skip-preview");
  }

  destroy(): Promise<Changes> {
    return this.#change("destroy", "--yes", "--skip-preview");
  }

  /** Any command of the CLI. */
  async run(...args: string[]): Promise<PulumiResult> {
    const options = { cwd: this.#folder, env: this.#env, maxBuffer: 64 * 2 ** 20 };
    const outcome = await run("pulumi", [...args, "--non-interactive"], options).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: unknown) => {
        const {
          code = 1,
          stdout = "",
          stderr = "",
        } = error as { code?: number; stdout?: string; stderr?: string };
        return { code, output: stdout + stderr };
      },
    );
    return { ...outcome, output: outcome.output.replaceAll(/^@ .*\n/gm, "") };
  }

  /** The file that the engine keeps the stack's state in. */
  state(): Promise<string> {
    return readFile(path.join(this.#folder, ".pulumi/stacks/holdfast", `${this.#name}.json`), "utf8");
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  async #change(command: string, ...args: string[]): Promise<Changes> {
    const { code, output } = await this.run(command, "--stack", this.#name, ...args);
    if (code !== 0) throw new Error(`pulumi ${command}: ${output}`);
    const { code: failed, output: history } = await this.run(
      ...["stack", "history", "--stack", this.#name, "--json", "--page-size", "1"],
    );
    if (failed !== 0) throw new Error(`pulumi stack history: ${history}`);
    const [last] = JSON.parse(history) as { resourceChanges?: Changes }[];
    // Looking at what somebody else owns changes nothing.
    return Object.fromEntries(
      Object.entries(last?.resourceChanges ?? {}).filter(([kind]) => kind !== "read"),
    );
  }
}

/** Where this machine has a CLI of its own for tests, its environment; elsewhere the CLI is on the PATH. */
async function labEnvironment(): Promise<Record<string, string>> {
  const command = path.join(projectRoot, "../shared/cluster/pulumi-env");
  if (!existsSync(command)) return {};
  const { stdout } = await run("bash", ["-c", `eval "$("$0" 2>/dev/null)" && env -0`, command]);
  const all = stdout.split("\0").map((entry) => /^([^=]+)=(.*)$/s.exec(entry));
  return Object.fromEntries(
    all.flatMap((match) =>
      match !== null && /^(PATH|PULUMI_.*)$/.test(match[1] ?? "") ? [[match[1] ?? "", match[2] ?? ""]] : [],
    ),
  );
}
