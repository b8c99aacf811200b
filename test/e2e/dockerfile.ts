import { execFile } from "node:child_process";
import { cp, mkdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a stage of a Dockerfile adds to its base image. */
export interface Stage {
  /** A folder of this machine with its files; the root of the image. */
  readonly root: string;
  /** The working directory of its instructions and its command, as the image names it. */
  readonly workdir: string;
  readonly entrypoint: readonly string[];
}

/** A Dockerfile uses something that is not supported here. */
class DockerfileError extends Error {
  readonly code = "HOLDFAST_DOCKERFILE";
}

/**
 * Runs a Dockerfile without a container engine: its COPYs and RUNs, in empty folders, with this machine's tools instead of the
 * base image's. So the test cluster runs what the Dockerfile describes, including its .dockerignore. Only a real build can test
 * the users and packages of the base image. Throws {@link DockerfileError} for an unknown instruction; rejects if a RUN fails.
 *
 * @param scratch an empty folder for the stages' files
 * @returns the last stage
 */
export async function buildWithoutEngine(
  context: string,
  dockerfile: string,
  scratch: string,
): Promise<Stage> {
  const instructions = parse(await readFile(path.join(context, dockerfile), "utf8"));
  const isSent = ignoreRules(await readFile(path.join(context, ".dockerignore"), "utf8"));
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { keyword, rest } of instructions) {
    if (keyword === "FROM") {
      const name = / AS (\S+)$/i.exec(rest)?.[1] ?? `stage-${stages.size}`;
      stage = { root: path.join(scratch, name), workdir: "/", entrypoint: [] };
      stages.set(name, stage);
      continue;
    }
    if (stage === undefined) throw new DockerfileError(`${keyword} stands before FROM in ${dockerfile}`);
    const here = path.join(stage.root, stage.workdir);
    switch (keyword) {
      case "WORKDIR":
        stage = update(stages, stage, { workdir: path.resolve(stage.workdir, rest) });
        await mkdir(path.join(stage.root, stage.workdir), { recursive: true });
        break;
      case "COPY":
        await copy(rest, here, context, stages, isSent);
        break;
      case "RUN":
        await run("sh", ["-c", rest], { cwd: here, maxBuffer: 16 * 2 ** 20 });
        break;
      case "ENTRYPOINT":
        stage = update(stages, stage, { entrypoint: JSON.parse(rest) as string[] });
        break;
      case "ENV":
      case "EXPOSE":
      case "USER":
        break; // specific to the image; the cluster's security context and the Deployment set the same
      default:
        throw new DockerfileError(`${keyword} in ${dockerfile} is not imitated; teach it in ${__filename}`);
    }
  }
  if (stage === undefined) throw new DockerfileError(`${dockerfile} has no FROM`);
  return stage;
}

function update(stages: Map<string, Stage>, stage: Stage, change: Partial<Stage>): Stage {
  const [name = ""] = [...stages].find(([, known]) => known === stage) ?? [];
  const updated = { ...stage, ...change };
  stages.set(name, updated);
  return updated;
}

function parse(text: string): { keyword: string; rest: string }[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => /^\s*(\S+)\s+(.*?)\s*$/.exec(line))
    .flatMap((match) => (match ? [{ keyword: (match[1] ?? "").toUpperCase(), rest: match[2] ?? "" }] : []));
}

async function copy(
  rest: string,
  here: string,
  context: string,
  stages: ReadonlyMap<string, Stage>,
  isSent: (file: string) => boolean,
): Promise<void> {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith("--from=") === true ? words.shift()?.slice("--from=".length) : undefined;
  const destination = words.pop();
  if (destination === undefined || words.length === 0)
    throw new DockerfileError(`COPY ${rest} has no source`);
  const source = from === undefined ? context : stages.get(from)?.root;
  if (source === undefined) throw new DockerfileError(`COPY --from=${from ?? ""}: there is no such stage`);
  const sent = (file: string) => from !== undefined || isSent(path.relative(context, file));
  for (const word of words) {
    const file = path.join(source, word);
    if (!sent(file)) throw new DockerfileError(`COPY ${word}: .dockerignore keeps it from the build`);
    const into = (await stat(file)).isFile() && destination.endsWith("/") ? path.basename(word) : "";
    await cp(file, path.join(here, destination, into), { recursive: true, filter: sent });
  }
}

/** The rules of a .dockerignore with plain paths and `*`; the last one that matches decides. */
function ignoreRules(text: string): (file: string) => boolean {
  const rules = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const odd = rules.find((rule) => rule !== "*" && /[*?[]/.test(rule));
  if (odd !== undefined) throw new DockerfileError(`the pattern ${odd} of .dockerignore is not imitated`);
  const fits = (rule: string, file: string) => rule === "*" || `${file}/`.startsWith(`${rule}/`);
  return (file) => {
    const last = rules.findLast((rule) => fits(rule.replace(/^!/, ""), file));
    return last === undefined || last.startsWith("!");
  };
}
