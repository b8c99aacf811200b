import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import ts from "typescript";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { projectRoot } from "../../../ops/render/stacks";
import { FreshProject } from "../../fresh-project";
import { startPod, stopPods } from "../helpers/pod";

jest.setTimeout(180_000);

let project: FreshProject;

beforeAll(async () => {
  project = await FreshProject.create("app/client");
});

afterAll(() => project.remove());

/** Writes a file of the project; returns its path. */
async function write(name: string, text: string): Promise<string> {
  const file = path.join(project.folder, name);
  await writeFile(file, text);
  return file;
}

describe("npm pack of @holdfast/client", () => {
  it("contains a build for browsers, one for Node.js, their types, the licence and a README, and nothing else", async () => {
    const files = await project.files();
    expect(files.filter((file) => !/^dist\/types\/(client|protocol)\/[\w-]+\.d\.mts$/.test(file))).toEqual([
      ...["LICENSE", "README.md", "dist/browser.mjs", "dist/node.mjs", "package.json"],
    ]);
    expect(files).toEqual(
      expect.arrayContaining(["dist/types/client/index.d.mts", "dist/types/client/node.d.mts"]),
    );
    const license = await readFile(path.join(project.installed, "LICENSE"), "utf8");
    expect(license).toBe(await readFile(path.join(projectRoot, "LICENSE"), "utf8"));
  });

  it("installs only ws in a project: nothing of the server, of React or of Kubernetes", () => {
    expect(Object.keys(project.manifest.dependencies ?? {})).toEqual(["ws"]);
    expect(project.manifest.peerDependencies).toBeUndefined();
    expect(project.manifest.private).toBeUndefined();
  });
});

describe("a project that installs it", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(stopPods);
  afterAll(() => redis.stop());

  it("publishes and receives in Node.js", async () => {
    const { url } = await startPod(redis.url);
    await write(
      "talk.mjs",
      `import { HoldfastClient } from "@holdfast/client";
       const client = new HoldfastClient({ url: process.argv[2] });
       const room = client.join("lobby");
       const received = (async () => { for await (const { data } of room) return data; })();
       await client.connect();
       await room.publish({ hello: "there" });
       console.log(JSON.stringify(await received));
       await client.close();`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, ["talk.mjs", url], {
      cwd: project.folder,
    });
    expect(JSON.parse(stdout)).toEqual({ hello: "there" });
  });

  it.each(["@holdfast/client", "@holdfast/client/browser"])(
    "bundles %s for browsers without any Node.js code",
    async (name) => {
      const page = await write(
        "page.mjs",
        `import { HoldfastClient } from "${name}"; window.Client = HoldfastClient;`,
      );
      const { metafile, outputFiles } = await build({
        ...{ entryPoints: [page], bundle: true, write: false, metafile: true, format: "esm" },
        ...{ platform: "browser", absWorkingDir: project.folder, logLevel: "silent" },
      });
      const inputs = Object.keys(metafile.inputs).map((file) => path.basename(file));
      expect(inputs.sort()).toEqual(["browser.mjs", "page.mjs"]);
      expect(outputFiles[0]?.text).not.toMatch(/\brequire\(|\bprocess\.|\bimport\b/);
    },
  );

  it("type-checks, for Node.js and for browsers", async () => {
    const program = await write(
      "typed.mts",
      `import { HoldfastClient, type Room } from "@holdfast/client";
       const client = new HoldfastClient({ url: "wss://host/messaging" });
       const room: Room<{ text: string }> = client.join<{ text: string }>("lobby");
       // @ts-expect-error: the room's data is typed
       void room.publish({ wrong: 1 });`,
    );
    for (const customConditions of [[], ["browser"]]) {
      const compiled = ts.createProgram([program], {
        ...{ strict: true, noEmit: true, types: [], customConditions, skipDefaultLibCheck: true },
        ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022 },
        lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      });
      const found = ts.getPreEmitDiagnostics(compiled);
      expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([]);
    }
  });
});
