import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { projectRoot } from "../../ops/render/stacks";
import { codeOf } from "./docs";

const run = promisify(execFile);

/** Servers without Holdfast: those of docs/own-image.md, as readers copy them. */
export const ownImages = ["chat", "echo", "telemetry", "quotes"] as const;
export type OwnImage = (typeof ownImages)[number];

/** The names of the images on the nodes. */
export type OwnImageNames = Readonly<Record<OwnImage, string>>;

/** The contents of an image on a node, with and without a container engine to build it. */
interface OwnImageSource {
  readonly name: string;
  /** The files of the image itself, and its Dockerfile. */
  readonly folder: string;
  readonly entrypoint: readonly string[];
  /** Its base: Node.js, Python, or nothing at all, not even a shell. */
  readonly base: "node" | "python" | "none";
}

/** The package on PyPI. */
const websockets = "websockets==15.0.1";

/** The Go module. */
const coderWebsocket = "github.com/coder/websocket@v1.8.13";

/**
 * Writes a folder for each image. Call it in the network of this machine, because Python's and Go's packages are downloaded.
 *
 * @param scratch an empty folder
 */
export async function writeOwnImages(scratch: string): Promise<readonly OwnImageSource[]> {
  const page = "own-image.md";
  const [chat = "", echo = ""] = codeOf(page, "js");
  const [telemetry = ""] = codeOf(page, "python");
  const [quotes = ""] = codeOf(page, "go");
  return Promise.all([
    nodeImage(scratch, "chat", chat),
    nodeImage(scratch, "echo", echo),
    pythonImage(scratch, "telemetry", telemetry),
    goImage(scratch, "quotes", quotes),
  ]);
}

/** The names of the images of {@link writeOwnImages}. */
export function ownImageNames(): OwnImageNames {
  return Object.fromEntries(ownImages.map((image) => [image, nameOf(image)])) as Record<OwnImage, string>;
}

const nameOf = (image: OwnImage) => `own/${image}:e2e`;

async function nodeImage(scratch: string, image: OwnImage, code: string): Promise<OwnImageSource> {
  const folder = path.join(scratch, image);
  // One file, as for the packages of this repository, so that neither kind of cluster needs npm.
  await build({
    stdin: { contents: code, resolveDir: projectRoot, loader: "js" },
    outfile: path.join(folder, "server.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["bufferutil", "utf-8-validate"],
    logLevel: "error",
  });
  const entrypoint = ["node", "/app/server.cjs"];
  await dockerfile(folder, ["FROM node:22.22.3-bookworm-slim", "COPY server.cjs /app/"], entrypoint);
  return { name: nameOf(image), folder, entrypoint, base: "node" };
}

async function pythonImage(scratch: string, image: OwnImage, code: string): Promise<OwnImageSource> {
  const folder = path.join(scratch, image);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "server.py"), code);
  const entrypoint = ["python3", "/app/server.py"];
  await dockerfile(
    folder,
    [
      "FROM python:3.13-slim-bookworm",
      `RUN pip install --no-cache-dir --target /app ${websockets}`,
      "COPY server.py /app/",
    ],
    entrypoint,
  );
  return { name: nameOf(image), folder, entrypoint, base: "python" };
}

/** Only a static binary: no shell, no `sleep`, no user, no /tmp. */
async function goImage(scratch: string, image: OwnImage, code: string): Promise<OwnImageSource> {
  const folder = path.join(scratch, image);
  const source = path.join(scratch, `${image}-source`);
  await mkdir(folder, { recursive: true });
  await mkdir(source, { recursive: true });
  await writeFile(path.join(source, "main.go"), code);
  const go = (...args: string[]) =>
    run("go", args, { cwd: source, env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" } });
  await go("mod", "init", image);
  await go("get", coderWebsocket);
  await go("build", "-o", path.join(folder, "server"), ".");
  const entrypoint = ["/server"];
  await dockerfile(folder, ["FROM scratch", "COPY server /"], entrypoint);
  return { name: nameOf(image), folder, entrypoint, base: "none" };
}

async function dockerfile(folder: string, lines: readonly string[], entrypoint: readonly string[]) {
  const text = [...lines, `ENTRYPOINT ${JSON.stringify(entrypoint)}`, ""].join("\n");
  await writeFile(path.join(folder, "Dockerfile"), text);
}

/**
 * Puts the files of an image based on Python, or on nothing, into a folder. Without a container engine, it uses this machine's
 * Python. Resolves with the entry point in the folder.
 */
export async function rootOf(source: OwnImageSource, target: string): Promise<readonly string[]> {
  if (source.base === "none") {
    await run("cp", [path.join(source.folder, "server"), target]);
    return source.entrypoint;
  }
  const { stdout } = await run("bash", ["-c", pythonRoot, "-", target, source.folder, websockets], {
    maxBuffer: 16 * 2 ** 20,
  });
  return [stdout.trim(), ...source.entrypoint.slice(1)];
}

/** Prints where the interpreter is. Every file keeps its path, so that Python finds itself. */
const pythonRoot = `set -euo pipefail
root=$1 source=$2 package=$3
python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
mkdir -p "$root$library" "$root/app" "$root/tmp"
tar -C "$library" --exclude=./test --exclude=./site-packages --exclude=./dist-packages --exclude='./config-*' --exclude=./idlelib --exclude=./ensurepip -c . | tar -C "$root$library" -x
{ echo "$python"; find "$library/lib-dynload" -name '*.so'; } | xargs ldd 2>/dev/null | grep -o '/[^ :]*' | sort -u |
  while read -r file; do [ -e "$file" ] && install -D "$(readlink -f "$file")" "$root$file"; done
install -D "$python" "$root$python"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$root/app" "$package" >&2
cp "$source/server.py" "$root/app/"
echo "$python"`;
