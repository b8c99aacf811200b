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

const clients = 30;
const recoveriesOfEach = 10;

/** What a client received, and how often its session was resumed. */
interface Listener {
  readonly socket: Socket;
  readonly received: string[];
  /** For each speaker, the last number that was received. */
  readonly last: Map<string, number>;
  recovered: number;
  isFresh: boolean;
}

/** The chat of docs/own-image.md in three processes. Listeners are on two of them, speakers on all. */
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
    const listener: Listener = { socket, received: [], last: new Map(), recovered: 0, isFresh: false };
    socket.on("said", (text: string) => {
      listener.received.push(text);
      const [speaker = "", number] = text.split(" ");
      listener.last.set(speaker, Number(number));
    });
    socket.on("connect", () => {
      if (socket.recovered) listener.recovered += 1;
      else listener.isFresh = true;
    });
    return listener;
  }

  it("loses nothing, repeats nothing and keeps the order while sessions are recovered", async () => {
    const [a, b, c] = await Promise.all([start(), start(), start()]);
    const listeners = await Promise.all(Array.from({ length: clients }, (_, i) => listen(i % 2 ? a : b)));
    const witness = await listen(c);
    const speakers = await Promise.all([a, b, c].map(connect));
    const acknowledged: Promise<unknown>[] = [];
    const say = (text: string) =>
      acknowledged.push(...speakers.map((speaker, i) => speaker.emitWithAck("say", `${i} ${text}`)));
    let said = 0;
    const talk = setInterval(() => say(String(said++)), 10);
    const all = [...listeners, witness];
    /** Waits until each has received this number, or a later one, of every speaker. */
    const receivedSince = async (n: number) => {
      const hasReceived = ({ last }: Listener) =>
        [0, 1, 2].every((speaker) => (last.get(`${speaker}`) ?? -1) >= n);
      while (!all.every((listener) => listener.isFresh || hasReceived(listener))) await delay(20);
    };
    await receivedSince(0);
    for (let i = 0; i < recoveriesOfEach; i++) {
      for (const { socket } of listeners) {
        socket.io.engine.close();
        await delay(2);
      }
      await receivedSince(said);
    }
    clearInterval(talk);
    await Promise.all(acknowledged);
    say(String(said));
    await receivedSince(said);
    await Promise.all(acknowledged);

    const recovered = listeners.filter(({ isFresh }) => !isFresh);
    expect(recovered.reduce((sum, { recovered: times }) => sum + times, 0)).toBeGreaterThan(100);
    // Each has received, from its own start on, the same messages as a client that was never away.
    const differences = recovered.flatMap(({ received }) => {
      const expected = witness.received.slice(witness.received.indexOf(received[0] ?? ""));
      const once = new Set(received);
      const lost = expected.filter((text) => !once.has(text));
      const twice = received.filter((text) => !once.delete(text));
      const early = received.filter((text, index) => text !== expected[index]).slice(0, 1);
      return lost.length + twice.length + early.length === 0 ? [] : [{ lost, twice, early }];
    });
    expect(differences).toEqual([]);
  });
});
