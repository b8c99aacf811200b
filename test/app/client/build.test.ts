import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { fixture } from "./fixture";

const run = promisify(execFile);
const app = resolve(__dirname, "../../../app");

describe("the built client", () => {
  const { server } = fixture();
  let out: string;

  beforeAll(async () => {
    // Within the package, so that the Node build finds ws as an installed one would.
    await mkdir(join(app, "dist"), { recursive: true });
    out = await mkdtemp(join(app, "dist/test-"));
    await run(process.execPath, ["build.mjs", "client", out], { cwd: app });
  }, 60_000);

  afterAll(() => rm(out, { recursive: true, force: true }));

  // It was 6 KiB before the client detected sleep, limited its buffers in bytes, had separate waits for an overloaded service,
  // for one on which nothing listens and for a move, and split a long hello. These 0.9 KiB protect it from every server.
  it("is under 7 KiB for browsers, gzipped", async () => {
    const bytes = gzipSync(await readFile(join(out, "browser.mjs"))).length;
    expect(bytes).toBeLessThan(7 * 1_024);
  });

  it("imports nothing in browsers, and only ws in Node", async () => {
    const imports = async (file: string) => {
      const text = await readFile(join(out, file), "utf8");
      return ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
    };
    expect(await imports("browser.mjs")).toEqual([]);
    expect(await imports("node.mjs")).toEqual(["ws"]);
  });

  it.each(["browser.mjs", "node.mjs"])(
    "connects, publishes and receives with %s",
    async (file) => {
      const script = `
      import WebSocket from "ws";
      const { HoldfastClient } = await import(${JSON.stringify(join(out, file))});
      const webSocket = ${JSON.stringify(file)} === "browser.mjs" ? { webSocket: WebSocket } : {};
      const client = new HoldfastClient({ url: ${JSON.stringify(server().url)}, ...webSocket });
      const room = client.join("lobby");
      const received = (async () => { for await (const { data } of room) return data; })();
      await client.connect();
      const offset = await room.publish({ hello: "there" });
      console.log(JSON.stringify({ offset, data: await received }));
      await client.close();
    `;
      const child = run(process.execPath, ["--input-type=module", "--eval", script], { cwd: app });
      const peer = await server().connection();
      await peer.welcome();
      expect(await peer.next("publish")).toMatchObject({ id: 1, data: { hello: "there" } });
      peer.send({ type: "ack", room: "lobby", id: 1, offset: 1 });
      peer.sendMessages("lobby", 1);
      expect(await peer.closed).toMatchObject({ code: 1000 });
      expect(JSON.parse((await child).stdout)).toEqual({ offset: 1, data: 1 });
    },
    20_000,
  );

  it("has types that a strict program can use", async () => {
    const consumer = join(out, "consumer.mts");
    const text = `
      import { HoldfastClient as BrowserClient } from "./types/client/index.mjs";
      import { HoldfastClient, type Room } from "./types/client/node.mjs";
      const client = new HoldfastClient<{ from: string }>({ url: "wss://host/messaging" });
      const room: Room<{ text: string }> = client.join<{ text: string }>("lobby");
      export const same: BrowserClient<{ from: string }> = client;
      export const text: Promise<string> = (async () => {
        for await (const { data } of room) return data.text;
        return "";
      })();
      client.own.on("message", ({ data }) => data.from satisfies string);
      // @ts-expect-error: the room's data is typed
      void room.publish({ wrong: 1 });
    `;
    await writeFile(consumer, text);
    const program = ts.createProgram([consumer], {
      strict: true,
      noEmit: true,
      skipDefaultLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: [],
    });
    const faults = ts.getPreEmitDiagnostics(program);
    expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([]);
  }, 60_000);
});
