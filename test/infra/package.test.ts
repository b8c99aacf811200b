import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { parse } from "yaml";
import { policies as ours } from "../../infra/policies";
import { projectRoot } from "../../ops/render/stacks";
import { declared, FreshProject } from "../fresh-project";
import { PolicyProcess } from "./policy/policy-process";

/** Compiles the package and loads Pulumi's SDKs in other processes. */
jest.setTimeout(900_000);

let project: FreshProject;

beforeAll(async () => {
  project = await FreshProject.create("infra", ["@types/node"]);
});

afterAll(() => project.remove());

const read = (file: string) => readFile(path.join(project.installed, file), "utf8");

describe("npm pack of @holdfast/pulumi", () => {
  test("contains the compiled library, its types, the policy pack, the licence and a README, and nothing else", async () => {
    const files = await project.files();
    expect(files).toEqual(
      expect.arrayContaining([
        ...["LICENSE", "README.md", "package.json", "dist/infra/index.js", "dist/infra/index.d.ts"],
        ...["dist/infra/policies.js", "dist/infra/policies.d.ts", "dist/infra/policy/index.js"],
        ...["dist/infra/policy/PulumiPolicy.yaml", "dist/infra/policy/package.json"],
      ]),
    );
    const others = files.filter((file) => !/^dist\/.*(\.js|\.d\.ts)$/.test(file));
    expect(others).toEqual([
      ...["LICENSE", "README.md", "dist/infra/policy/PulumiPolicy.yaml", "dist/infra/policy/package.json"],
      "package.json",
    ]);
    expect(files.filter((file) => /stack\/|\btest\b|tsconfig|\.map$/.test(file))).toEqual([]);
    expect(await read("LICENSE")).toBe(await readFile(path.join(projectRoot, "LICENSE"), "utf8"));
  });

  test("refers to no source map, and imports only what it contains or names as a dependency", async () => {
    const known = new Set([...declared(project.manifest), ...builtinModules.map((name) => `node:${name}`)]);
    const wrong: string[] = [];
    for (const file of (await project.files()).filter((name) => /\.(js|d\.ts)$/.test(name))) {
      const text = await read(file);
      if (text.includes("sourceMappingURL=")) wrong.push(`${file}: source map`);
      for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
        const target = path.join(project.installed, path.dirname(file), fileName);
        const isThere = [".js", "/index.js", ".d.ts", "/index.d.ts"].some((end) => existsSync(target + end));
        const name = /^(@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? "";
        if (fileName.startsWith(".") ? !isThere : !known.has(name)) wrong.push(`${file}: ${fileName}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("a project that installs it", () => {
  const program = () => path.join(project.folder, "index.ts");
  const policies = () => path.join(project.folder, "policies.ts");

  beforeAll(async () => {
    await copyFile(path.join(projectRoot, "examples/library/index.ts"), program());
    await writeFile(
      policies(),
      `import { policies } from "@holdfast/pulumi/policy";
       import { PolicyPack } from "@pulumi/policy";
       export { policies };
       export const pack = () => new PolicyPack("team", { policies });
       // @ts-expect-error: a policy has a name, so the types are there
       policies[0].nonsense;`,
    );
  });

  const nodenext: ts.CompilerOptions = {
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
    ...{ target: ts.ScriptTarget.ES2022, strict: true, types: ["node"] },
  };

  test("type-checks, the package's own types included", () => {
    const compiled = ts.createProgram([program(), policies()], {
      ...nodenext,
      outDir: path.join(project.folder, "bin"),
      typeRoots: [path.join(project.folder, "node_modules/@types")],
    });
    const isOurs = ({ fileName }: ts.SourceFile) => fileName.startsWith(project.folder);
    const files = compiled.getSourceFiles().filter(isOurs);
    const diagnostics = files.flatMap((file) => compiled.getSemanticDiagnostics(file));
    expect(diagnostics.map(describeDiagnostic)).toEqual([]);
    expect(files.length).toBeGreaterThan(20);
    compiled.emit();
  });

  test.each([
    ["nodenext", nodenext],
    ["node, as older projects have it", { moduleResolution: ts.ModuleResolutionKind.Node10 }],
  ])("finds the types with module resolution %s", (_, options) => {
    for (const name of ["@holdfast/pulumi", "@holdfast/pulumi/policy"]) {
      const { resolvedModule } = ts.resolveModuleName(name, program(), options, ts.sys);
      expect(resolvedModule?.extension).toBe(".d.ts");
    }
  });

  test("renders the example under Pulumi's mocks, and its policies judge it", async () => {
    await writeFile(path.join(project.folder, "render.js"), renderScript);
    const { stdout } = await promisify(execFile)(process.execPath, ["render.js"], { cwd: project.folder });
    const { types, violations } = JSON.parse(stdout) as { types: string[]; violations: string[] };
    expect(types).toEqual(
      expect.arrayContaining([
        ...["holdfast:index:WebSocketService", "holdfast:index:RedisStore", "holdfast:index:NlbEdge"],
        ...["kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"],
        "kubernetes:networking.k8s.io/v1:Ingress",
      ]),
    );
    // The script gives the only service an image without a digest or a fixed tag.
    expect(violations).toEqual([expect.stringContaining("images-are-fixed: Deployment chat/chat")]);
  });

  test("serves the rules as a policy pack", async () => {
    const pack = await PolicyProcess.start(path.join(project.installed, "dist/infra/policy"));
    try {
      const names = (await pack.info()).getPoliciesList().map((policy) => policy.getName());
      expect(names).toEqual(ours.map(({ name }) => name));
    } finally {
      await pack.stop();
    }
  });
});

test("Pulumi runs the stack program, not the entry of its package", async () => {
  // If `main` is a folder, Pulumi uses the entry of the nearest package.json.
  const { main } = parse(await readFile(path.join(projectRoot, "Pulumi.yaml"), "utf8")) as { main: string };
  expect(path.extname(main)).toBe(".ts");
  expect(existsSync(path.join(projectRoot, main))).toBe(true);
});

function describeDiagnostic({ file, messageText }: ts.Diagnostic): string {
  return `${path.basename(file?.fileName ?? "")}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
}

/** Runs the compiled example as in Pulumi's testing guide, and checks each resource with the package's policies. */
const renderScript = `
  const pulumi = require("@pulumi/pulumi");
  const resources = [];
  const mocks = {
    newResource: ({ type, name, inputs, custom }) => {
      resources.push({ type, name, inputs });
      return { id: custom === false ? undefined : name + "-id", state: { ...inputs, result: "generated" } };
    },
    call: ({ inputs }) => inputs,
  };
  (async () => {
    await pulumi.runtime.setMocks(mocks, "project", "prod");
    pulumi.runtime.setAllConfig({ "project:image": "registry.example.com/chat:latest" });
    await pulumi.runtime.runInPulumiStack(async () => require("./bin/index.js"));
    await pulumi.runtime.disconnect();
    const { policies } = require("./bin/policies.js");
    const violations = [];
    for (const { name: policy, validateResource } of policies) {
      if (validateResource === undefined) continue;
      for (const { type, name, inputs: props } of resources) {
        const urn = "urn:pulumi:prod::project::" + type + "::" + name;
        const args = { type, name, props, urn, opts: { protect: false, ignoreChanges: [] }, getConfig: () => ({}) };
        validateResource(args, (message) => violations.push(policy + ": " + message));
      }
    }
    process.stdout.write(JSON.stringify({ types: resources.map(({ type }) => type), violations }));
  })();
`;
