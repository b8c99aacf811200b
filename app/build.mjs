// Builds what runs: the server as one file for the image, and the client for browsers and Node.
// `node build.mjs [all | server | client] [directory, default dist]`
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The server and the holder: a file each with all it needs, so that the image holds no node_modules. */
async function buildServer(out) {
  await build({
    entryPoints: { main: at("server/main.ts"), holder: at("holder/main.ts") },
    outdir: out,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    sourcemap: true,
    minifySyntax: true,
    // Optional accelerators of ws: absent, ws does without them.
    external: ["bufferutil", "utf-8-validate"],
    logLevel: "warning",
  });
  // gRPC reads its .proto files beside the bundle.
  await cp(at("server/grpc/proto"), join(out, "proto"), { recursive: true });
}

/** The client: one ES module for browsers, which imports nothing; one for Node, which imports ws; and their types. */
async function buildClient(out) {
  const client = (entry, options) =>
    build({
      entryPoints: [at(`client/${entry}.ts`)],
      bundle: true,
      format: "esm",
      logLevel: "warning",
      ...options,
    });
  await rm(join(out, "client"), { recursive: true, force: true });
  await Promise.all([
    client("index", {
      outfile: join(out, "client/browser.mjs"),
      platform: "browser",
      target: "es2022",
      minify: true,
    }),
    client("node", {
      outfile: join(out, "client/node.mjs"),
      platform: "node",
      target: "node20",
      packages: "external",
    }),
  ]);
  await writeTypes(["client/index", "client/node"], join(out, "client/types"));
}

/** The declarations that these entries reach, as ES modules see them: with extensions. */
async function writeTypes(entries, out) {
  const { default: ts } = await import("typescript");
  const compilerOptions = { target: ts.ScriptTarget.ES2022 };
  const paths = new Set(entries);
  for (const path of paths) {
    const source = await readFile(at(`${path}.ts`), "utf8");
    const { outputText, diagnostics } = ts.transpileDeclaration(source, {
      compilerOptions,
      reportDiagnostics: true,
    });
    for (const { messageText } of diagnostics) {
      throw new Error(`${path}.ts: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
    }
    for (const [, relative] of outputText.matchAll(/ from "(\.[^"]*)"/g)) {
      paths.add(posix.join(posix.dirname(path), relative));
    }
    const file = join(out, `${path}.d.mts`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, outputText.replace(/( from "\.[^"]*)"/g, '$1.mjs"'));
  }
}

const [what = "all", directory = at("dist")] = process.argv.slice(2);
if (!["all", "server", "client"].includes(what)) {
  throw new Error(`the first argument must be all, server or client, found ${what}`);
}
const out = resolve(directory);
await mkdir(out, { recursive: true });
if (what !== "client") await buildServer(out);
if (what !== "server") await buildClient(out);
