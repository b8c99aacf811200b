import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { addressOf, Bare, sample, startProxy, stopProxies, until } from "./helpers";

describe("plain clients behind a proxy, with pods that speak holdfast.v1.json", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    await stopProxies();
    await stopPods();
  });

  const start = (env: Record<string, string> = {}) => startPod(redis.url, env);

  it("see what a pod itself would show them: lines in, JSON lines out, nothing else", async () => {
    const pod = await start();
    const proxy = await startProxy(new Set([addressOf(pod.url)]));
    const one = await new Bare(`${proxy.url}/chat/lines`).opened();
    const two = await new Bare(`${proxy.url}/chat/lines`).opened();
    await bothIn([one, two], "lines");

    one.ws.send("hello\nworld\n\n");
    await until(
      () => two.lines.includes("world"),
      () => two.texts.join(),
    );

    expect(two.lines.slice(-2)).toEqual(["hello", "world"]);
    expect(two.texts.every((text) => (JSON.parse(text) as { type: string }).type === "message")).toBe(true);
  });

  it("keep their sockets through a drain and a kill, with every message once and in order", async () => {
    const [a, b, c] = await Promise.all([
      start({ DRAIN_SECONDS: "30" }),
      start({ DRAIN_SECONDS: "30" }),
      start({ DRAIN_SECONDS: "30" }),
    ]);
    const ready = new Set([a, b].map(({ url }) => addressOf(url)));
    const proxy = await startProxy(ready);
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, i) => new Bare(`${proxy.url}/chat/room-${i % 4}`).opened()),
    );
    for (let room = 0; room < 4; room++)
      await bothIn(
        clients.filter((_, i) => i % 4 === room),
        `room-${room}`,
      );

    const talk = new Talk(clients);
    await talk.flow(50);
    ready.add(addressOf(c.url)).delete(addressOf(a.url));
    await a.drain();
    expect(a.connections).toBe(0);
    await talk.flow(50);
    ready.delete(addressOf(b.url));
    await b.stop(); // sockets are cut, without a close frame
    await talk.flow(50);
    await talk.stop();

    expect(clients.every(({ open }) => open)).toBe(true);
    for (const [index, client] of clients.entries()) {
      const received = client.lines.filter((line) => String(line).startsWith("m:"));
      expect(received).toHaveLength(new Set(received).size);
      expect(new Set(received)).toEqual(talk.sentIn(index % 4));
      for (const sender of new Set(received.map((line) => String(line).split(":")[1]))) {
        const numbers = received
          .filter((line) => String(line).split(":")[1] === sender)
          .map((line) => Number(String(line).split(":")[2]));
        expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
      }
    }
    expect(c.connections).toBe(20);
    expect(await sample(proxy, 'proxy_upstream_switches_total{reason="goaway"}')).toBeGreaterThan(5);
    expect(await sample(proxy, 'proxy_upstream_switches_total{reason="cut"}')).toBeGreaterThan(5);
  });

  it("are served even if they leave before a pod is back", async () => {
    const [a, b] = await Promise.all([start(), start()]);
    const ready = new Set([addressOf(a.url)]);
    const proxy = await startProxy(ready);
    const listener = await new Bare(`${b.url}/chat/last`).opened();
    const sender = await new Bare(`${proxy.url}/chat/last`).opened();
    await bothIn([listener, sender], "last");
    await a.stop();
    await until(
      () => proxy.connections === 1,
      () => "proxied",
    );
    sender.ws.send("my last words");
    await sender.close();
    ready.clear();
    ready.add(addressOf(b.url));
    await until(
      () => listener.lines.includes("my last words"),
      () => listener.texts.join(),
    );
    await until(
      () => proxy.connections === 0,
      () => String(proxy.connections),
    );
  });

  it("are closed with 1013 when no pod takes over in time", async () => {
    const a = await start();
    const proxy = await startProxy(new Set([addressOf(a.url)]), { HOLD_SECONDS: "1" });
    const client = await new Bare(`${proxy.url}/chat/nobody`).opened();
    await bothIn([client], "nobody");
    await a.stop();
    expect(await client.closed).toEqual({ code: 1013, reason: "no pod took over within 1 s" });
    expect(await sample(proxy, "proxy_sockets_abandoned_total")).toBe(1);
  });
});

/** A pod joins a plain client to its room a moment after the upgrade: waits until each client receives its own message. */
async function bothIn(clients: readonly Bare[], room: string): Promise<void> {
  for (const [index, client] of clients.entries()) {
    client.ws.send(`in:${room}:${index}`);
    await until(
      () => client.lines.includes(`in:${room}:${index}`),
      () => client.texts.join(),
    );
  }
}

/** Clients that publish in turn, and what each room must have received. */
class Talk {
  readonly #sent = new Map<number, Set<string>>();
  readonly #timer: NodeJS.Timeout;
  #count = 0;

  constructor(private readonly clients: readonly Bare[]) {
    this.#timer = setInterval(() => this.#publish(), 10);
  }

  sentIn(room: number): Set<string> {
    return this.#sent.get(room) ?? new Set();
  }

  async flow(messages: number): Promise<void> {
    const before = this.#count;
    await until(
      () => this.#count >= before + messages,
      () => String(this.#count),
    );
  }

  /** Resolves once every client has received everything, or after 10 s: the test then shows what is missing. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await until(
      () =>
        this.clients.every(
          ({ lines }, index) =>
            new Set(lines.filter((line) => String(line).startsWith("m:"))).size ===
            this.sentIn(index % 4).size,
        ),
      () => "everything received",
    ).catch(() => undefined);
  }

  #publish(): void {
    const sender = this.#count++ % this.clients.length;
    const text = `m:${sender}:${this.#count}`;
    const room = sender % 4;
    this.#sent.set(room, (this.#sent.get(room) ?? new Set()).add(text));
    this.clients[sender]?.ws.send(text);
  }
}
