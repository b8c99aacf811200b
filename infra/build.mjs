// Builds the package @holdfast/pulumi into `dist`: CommonJS, as Pulumi programs load it, with its types and the policy pack.
// `node build.mjs [directory, default dist]`
import { cp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = resolve(process.argv[2] ?? at("dist"));

/** The TypeScript of `tsconfig.build.json`. Throws with the compiler's messages if there are any. */
function compile() {
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.formatDiagnostic(diagnostic, format));
    },
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(at("tsconfig.build.json"), { outDir: out }, host);
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const { diagnostics } = program.emit();
  const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (all.length > 0) throw new Error(ts.formatDiagnostics(all, format));
}

const format = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => "\n",
};

/** `dist/infra/policy` is a pack for `--policy-pack`: its manifests beside the compiled entry. */
async function copyPack() {
  const manifest = JSON.parse(await readFile(at("policy/package.json"), "utf8"));
  const compiled = { ...manifest, main: "index.js" };
  await writeFile(join(out, "infra/policy/package.json"), `${JSON.stringify(compiled, null, 2)}\n`);
  await cp(at("policy/PulumiPolicy.yaml"), join(out, "infra/policy/PulumiPolicy.yaml"));
}

/** Keeps the declarations that the entries reach: others may name packages that a project need not have. */
async function pruneTypes() {
  const reached = new Set(["index", "policies"].map((entry) => join(out, `infra/${entry}.d.ts`)));
  for (const file of reached) {
    const { importedFiles } = ts.preProcessFile(await readFile(file, "utf8"), true, true);
    for (const { fileName } of importedFiles.filter((one) => one.fileName.startsWith("."))) {
      const target = join(dirname(file), fileName);
      reached.add([`${target}.d.ts`, join(target, "index.d.ts")].find(ts.sys.fileExists));
    }
  }
  const files = await readdir(out, { recursive: true });
  const types = files.filter((file) => file.endsWith(".d.ts")).map((file) => join(out, file));
  await Promise.all(types.filter((file) => !reached.has(file)).map((file) => rm(file)));
}

await rm(out, { recursive: true, force: true });
compile();
await pruneTypes();
await copyPack();
