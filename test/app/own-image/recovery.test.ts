import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { io, type Socket } from "socket.io-client";
import { projectRoot } from "../../../ops/render/stacks";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { codeOf } from "../../e2e/docs";

jest.setTimeout(120_000);

const clients = 50;
const recoveriesOfEach = 10;

/** What a client was told, and how often it was told that its session goes on. */
interface Listener {
  readonly socket: Socket;
  readonly heard: Set<number>;
  last: number;
  recovered: number;
  isFresh: boolean;
}

/** The chat of docs/own-image.md in three processes, two for those who listen and one for who speaks. */
describe("the chat of docs/own-image.md", () => {
  const running: ChildProcess[] = [];
  const sockets: Socket[] = [];
  let folder: string;
  let redis: RedisServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-chat-"));
    const [chat = ""] = codeOf("own-image.md", "js");
    const contents = chat.replace(
      "http.listen(3000);",
      'http.listen(0, "127.0.0.1", () => console.log(http.address().port));',
    );
    const outfile = join(folder, "chat.cjs");
    const stdin = { contents, resolveDir: projectRoot, loader: "js" } as const;
    await build({ stdin, outfile, bundle: true, platform: "node", format: "cjs", logLevel: "error" });
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.disconnect();
    for (const child of running) child.kill("SIGKILL");
    await redis.stop();
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<string> {
    const child = spawn(process.execPath, [join(folder, "chat.cjs")], {
      env: { ...process.env, REDIS_URL: redis.url },
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.push(child);
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    return `http://127.0.0.1:${port.toString().trim()}`;
  }

  async function connect(url: string): Promise<Socket> {
    const socket = io(url, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 5,
      reconnectionDelayMax: 50,
    });
    sockets.push(socket);
    await once(socket as unknown as EventTarget & Socket, "connect");
    return socket;
  }

  async function listen(url: string): Promise<Listener> {
    const socket = await connect(url);
    const listener: Listener = { socket, heard: new Set(), last: -1, recovered: 0, isFresh: false };
    socket.on("said", (text: string) => {
      listener.last = Number(text);
      listener.heard.add(listener.last);
    });
    socket.on("connect", () => {
      if (socket.recovered) listener.recovered += 1;
      else listener.isFresh = true;
    });
    return listener;
  }

  it("loses nothing of what is said while sessions are recovered", async () => {
    const [a, b, c] = await Promise.all([start(), start(), start()]);
    const listeners = await Promise.all(Array.from({ length: clients }, (_, i) => listen(i % 2 ? a : b)));
    const speaker = await connect(c);
    let said = 0;
    const talk = setInterval(() => speaker.emit("say", String(said++), () => undefined), 5);
    const heardUpTo = async (n: number) => {
      while (!listeners.every(({ isFresh, last }) => isFresh || last >= n)) await delay(20);
    };
    await heardUpTo(0);
    for (let i = 0; i < recoveriesOfEach; i++) {
      for (const { socket } of listeners) {
        socket.io.engine.close();
        await delay(2);
      }
      await heardUpTo(said);
    }
    clearInterval(talk);
    await speaker.emitWithAck("say", String(said));
    await heardUpTo(said);

    const recovered = listeners.filter(({ isFresh }) => !isFresh);
    expect(recovered.reduce((sum, { recovered: times }) => sum + times, 0)).toBeGreaterThan(100);
    const all = Array.from({ length: said + 1 }, (_, n) => n);
    const lost = recovered.flatMap((listener) => all.filter((n) => !listener.heard.has(n)));
    expect(lost).toEqual([]);
  });
});
