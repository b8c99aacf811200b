import { execFile, spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { projectRoot } from "../../ops/render/stacks";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

const run = promisify(execFile);

/** Options of every command: no questions, no progress dots. */
const quiet = ["--non-interactive"];

/** How a command of the CLI ended. */
export interface PulumiResult {
  readonly code: number;
  /** Its output, both streams, without progress lines. */
  readonly output: string;
}

/** The `sessionStore` of a stack under test: Redis on the smallest volume, with the image that the cluster has. */
export function smallStore(change: object = {}): object {
  const { redis } = readSurroundings().images;
  return { kind: "redis", storageGiB: 1, ...(redis === undefined ? {} : { image: redis }), ...change };
}

/** The steps of `pulumi up` and similar commands, by kind, such as `{ create: 3, same: 2 }`. */
type Changes = Readonly<Record<string, number>>;

/**
 * A stack of this project in the real engine, with its state in a folder and a passphrase. It has its own folder with links to
 * the program, so that the CLI does not rewrite stack files of the repository.
 */
export class PulumiStack {
  readonly #name: string;
  readonly #folder: string;
  #env: NodeJS.ProcessEnv;

  private constructor(name: string, folder: string, env: NodeJS.ProcessEnv) {
    [this.#name, this.#folder, this.#env] = [name, folder, env];
  }

  /**
   * A stack that is initialised and configured; see {@link configure}.
   *
   * @param extra environment variables of the CLI, which override those of this process
   * @param bin a folder with more programs of the CLI
   */
  static async create(
    name: string,
    config: object,
    extra: NodeJS.ProcessEnv = {},
    bin?: string,
  ): Promise<PulumiStack> {
    const folder = await mkdtemp(path.join(tmpdir(), "holdfast-pulumi-"));
    await copyFile(path.join(projectRoot, "Pulumi.yaml"), path.join(folder, "Pulumi.yaml"));
    for (const entry of ["infra", "node_modules", "package.json"]) {
      await symlink(path.join(projectRoot, entry), path.join(folder, entry));
    }
    const { engine } = readSurroundings();
    const searched = engine.PATH ?? process.env.PATH ?? "";
    const env = {
      ...process.env,
      ...engine,
      PATH: bin === undefined ? searched : `${bin}${path.delimiter}${searched}`,
      ...extra,
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "e2e",
    };
    const stack = new PulumiStack(name, folder, env);
    const { code, output } = await stack.run("stack", "init", name);
    if (code !== 0) throw new Error(`pulumi stack init: ${output}`);
    await stack.configure(config);
    return stack;
  }

  /** Its folder, with its file and links to the project. */
  get folder(): string {
    return this.#folder;
  }

  /** `Pulumi.NAME.yaml`. */
  get file(): string {
    return path.join(this.#folder, `Pulumi.${this.#name}.yaml`);
  }

  /** Sets environment variables of the CLI from now on; undefined removes one. */
  setEnvironment(extra: NodeJS.ProcessEnv): void {
    this.#env = { ...this.#env, ...extra };
  }

  /**
   * Replaces the configuration, except what `pulumi config set --secret` has encrypted. Keys have no project name, unless they
   * begin with a provider's.
   */
  async configure(config: object): Promise<void> {
    const { config: old = {} } = parse(await readFile(this.file, "utf8")) as { config?: object };
    const encrypted = Object.entries(old).filter(
      ([, value]) => (value as { secure?: string } | null)?.secure !== undefined,
    );
    const values = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key.includes(":") ? key : `holdfast:${key}`,
        value as unknown,
      ]),
    );
    await this.configureBy(stringify({ config: { ...values, ...Object.fromEntries(encrypted) } }));
  }

  /** The same with the text of a stack's file. */
  async configureBy(text: string): Promise<void> {
    const [salt] = /^encryptionsalt: .*$/m.exec(await readFile(this.file, "utf8")) ?? [""];
    await writeFile(this.file, `${text.trimEnd()}\n${salt}\n`);
  }

  /** `pulumi up`; rejects with the output if it fails. */
  up(): Promise<Changes> {
    return this.#change("up", "--yes", "--skip-preview");
  }

  /**
   * The same; returns the sorted steps that created, changed and deleted resources, such as `update Deployment chat-deployment`.
   */
  async upSteps(...args: string[]): Promise<string[]> {
    const { code, output } = await this.run("up", "--stack", this.#name, "--yes", "--skip-preview", ...args);
    if (code !== 0) throw new Error(`pulumi up: ${output}`);
    return stepsOf(output);
  }

  /**
   * Repairs a state that the CLI was killed in the middle of writing, as docs/troubleshooting.md says. Returns false if the state
   * and its copy are both broken.
   */
  async repairState(): Promise<boolean> {
    const file = path.join(this.#folder, ".pulumi/stacks/holdfast", `${this.#name}.json`);
    await rm(`${file}.attrs`, { force: true });
    if (await isJson(file)) return true;
    if (!(await isJson(`${file}.bak`))) return false;
    await copyFile(`${file}.bak`, file);
    return true;
  }

  /** Starts `pulumi up` in its own process group, so that it can be interrupted. */
  startUp(): RunningUpdate {
    return new RunningUpdate(this.#name, this.#folder, this.#env);
  }

  destroy(): Promise<Changes> {
    return this.#change("destroy", "--yes", "--skip-preview");
  }

  /** Any command of the CLI. */
  async run(...args: string[]): Promise<PulumiResult> {
    const options = { cwd: this.#folder, env: this.#env, maxBuffer: 64 * 2 ** 20 };
    const outcome = await run("pulumi", [...args, ...quiet], options).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: unknown) => {
        const { code, stdout, stderr } = error as { code?: unknown; stdout: string; stderr: string };
        // Without an exit code, it did not run or a signal ended it, which its output does not show.
        if (typeof code !== "number") throw error;
        return { code, output: stdout + stderr };
      },
    );
    return { ...outcome, output: outcome.output.replaceAll(/^@ .*\n/gm, "") };
  }

  /** The file of the stack's state. */
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
    // Reading resources with other owners changes nothing.
    return Object.fromEntries(
      Object.entries(last?.resourceChanges ?? {}).filter(([kind]) => kind !== "read"),
    );
  }
}

/** A running `pulumi up`. */
class RunningUpdate {
  #output = "";
  readonly #pid: number;
  /** Its result; the code is 1 if a signal ended it. */
  readonly ended: Promise<PulumiResult>;

  constructor(name: string, cwd: string, env: NodeJS.ProcessEnv) {
    const args = ["up", "--stack", name, "--yes", "--skip-preview", ...quiet];
    const child = spawn("pulumi", args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.#pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve({ code: code ?? 1, output: this.#output }));
    });
  }

  /** Resolves once it has printed what matches. */
  printed(pattern: RegExp, limitMs: number): Promise<true> {
    return until(`pulumi up prints ${String(pattern)}`, limitMs, () =>
      pattern.test(this.#output) ? true : undefined,
    );
  }

  /** SIGINT as with Ctrl-C; SIGKILL as when the machine fails. */
  interrupt(signal: "SIGINT" | "SIGKILL"): void {
    process.kill(-this.#pid, signal);
  }
}

const verbs: Readonly<Record<string, string>> = { created: "create", updated: "update", deleted: "delete" };

/** The steps in the output of an update, without components. */
function stepsOf(output: string): string[] {
  const line = /^ +[-+~]+ +(?!holdfast:|pulumi:)(?:\S+:)(\w+) (\S+) (created|updated|deleted)\b/gm;
  const steps = [...output.matchAll(line)].map(
    ([, kind, name, verb = ""]) => `${verbs[verb] ?? verb} ${kind} ${name}`,
  );
  return [...new Set(steps)].sort();
}

async function isJson(file: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(file, "utf8"));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
