// Builds the server as one file for the image, and the client for browsers and Node.
// The server's directory also has the page, which the server reads if it serves it.
// `node build.mjs [all | server | client] [directory, default dist, or client/dist for only the client]`
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The server and the proxy: one file each with all of its dependencies, so that the image needs no node_modules. */
async function buildServer(out) {
  await build({
    entryPoints: { main: at("server/main.ts"), proxy: at("proxy/main.ts") },
    outdir: out,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // No source map: with 10 MB it was most of the image, and node does not read it by default.
    minifySyntax: true,
    // Optional accelerators of ws; ws works without them.
    external: ["bufferutil", "utf-8-validate"],
    logLevel: "warning",
  });
  // gRPC reads its .proto files next to the bundle.
  await cp(at("server/grpc/proto"), join(out, "proto"), { recursive: true });
}

/** The page that the server can serve: its own script, and the client's build for browsers. */
async function buildPage(out) {
  const web = join(out, "web");
  await rm(web, { recursive: true, force: true });
  await mkdir(web, { recursive: true });
  await Promise.all([
    build({
      entryPoints: [at("web/page.ts")],
      outfile: join(web, "page.js"),
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      minify: true,
      logLevel: "warning",
      plugins: [
        {
          name: "client beside the page",
          setup: ({ onResolve }) =>
            onResolve({ filter: /^\.\.\/client$/ }, () => ({ path: "./client.mjs", external: true })),
        },
      ],
    }),
    buildBrowserClient(join(web, "client.mjs")),
    build({
      entryPoints: [at("web/page.css")],
      outfile: join(web, "page.css"),
      minify: true,
      logLevel: "warning",
    }),
    ...["index.html", "icon.svg"].map((file) => cp(at(`web/${file}`), join(web, file))),
    ...["geist", "geist-mono"].flatMap((font) => {
      const directory = dirname(require.resolve(`@fontsource-variable/${font}/package.json`));
      return [
        cp(join(directory, `files/${font}-latin-wght-normal.woff2`), join(web, `${font}.woff2`)),
        cp(join(directory, "LICENSE"), join(web, `${font}.LICENSE`)),
      ];
    }),
  ]);
}

function buildBrowserClient(outfile) {
  return build({
    entryPoints: [at("client/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    logLevel: "warning",
  });
}

/** The client: one ES module for browsers, which imports nothing; one for Node, which imports ws; and their types. */
async function buildClient(out) {
  for (const built of ["browser.mjs", "node.mjs", "types"]) {
    await rm(join(out, built), { recursive: true, force: true });
  }
  await Promise.all([
    buildBrowserClient(join(out, "browser.mjs")),
    build({
      entryPoints: [at("client/node.ts")],
      outfile: join(out, "node.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      logLevel: "warning",
    }),
  ]);
  await writeTypes(["client/index", "client/node"], join(out, "types"));
}

/** The declarations that these entries import, with file extensions, as ES modules require. */
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

const [what = "all", directory] = process.argv.slice(2);
if (!["all", "server", "client"].includes(what)) {
  throw new Error(`the first argument must be all, server or client, found ${what}`);
}
const out = resolve(directory ?? at(what === "client" ? "client/dist" : "dist"));
await mkdir(out, { recursive: true });
if (what !== "client") await Promise.all([buildServer(out), buildPage(out)]);
// Next to the server for users of the whole folder; alone for the package.
if (what !== "server") await buildClient(what === "all" ? join(out, "client") : out);
