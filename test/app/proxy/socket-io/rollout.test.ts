import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import WebSocket from "ws";
import { startRedis, type RedisServer } from "../../../../ops/redis/server";
import { sample, startProxy, stopProxies, until } from "../helpers";
import { Client, Pod, roundRobin, startEdge, stopAll } from "./helpers";

jest.setTimeout(300_000);

const env = { PROXY_MODE: "socket.io", SERVICE_PATH: "/socket.io" };
const webSocket = { transports: ["websocket"] };

const front = (url: string) => url.replace("/messaging", "");

describe("a client of Socket.IO behind a proxy", () => {
  afterEach(async () => {
    await stopAll();
    await stopProxies();
  });

  async function start(...pods: readonly Pod[]) {
    const ready = new Set(pods.map(({ address }) => address));
    const proxy = await startProxy(ready, env);
    return Object.assign(proxy, { ready, front: front(proxy.url) });
  }

  const on = (client: Client, pod: Pod) =>
    until(
      () => client.pods.at(-1) === pod.name,
      () => `${client.pods.join()} ${client.errors.join()} ${client.disconnects.join()}`,
    );

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "keeps its socket when its pod gets %s: namespaces, auth and rooms are restored",
    async (signal) => {
      const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
      const proxy = await start(a);
      const chat = new Client(proxy.front, { ...webSocket, auth: { room: "blue" } });
      const admin = new Client(proxy.front, { auth: { token: "secret", room: "red" } }, chat, "/admin");
      await Promise.all([on(chat, a), on(admin, a)]);
      const ids = [chat.socket.id, admin.socket.id];
      const engine = chat.socket.io.engine.id;

      proxy.ready.add(b.address).delete(a.address);
      await a.end(signal);
      await Promise.all([on(chat, b), on(admin, b)]);
      const other = new Client(proxy.front, { ...webSocket, auth: { room: "blue" } });
      await on(other, b);
      other.socket.emit("say", "hello");
      admin.socket.emit("say", "only to admins");
      await until(
        () => chat.got("said").length === 1 && admin.got("said").length === 1,
        () => JSON.stringify([chat.events, admin.events]),
      );

      expect(chat.got("said")).toEqual(["hello"]);
      expect(admin.got("said")).toEqual(["only to admins"]);
      expect([chat, admin].flatMap(({ disconnects, errors }) => [...disconnects, ...errors])).toEqual([]);
      expect(chat.socket.io.engine.id).toBe(engine);
      // The next pod has another id for it, and the client gets that id.
      expect([chat.socket.id, admin.socket.id].filter((id) => ids.includes(id))).toEqual([]);
      const reason = signal === "SIGTERM" ? "closed" : "cut";
      expect(await sample(proxy, `proxy_upstream_switches_total{reason="${reason}"}`)).toBe(1);
    },
  );

  it("gets an acknowledgement for each event that requests one, even for those in progress when the pod ends", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a);
    const client = new Client(proxy.front, webSocket);
    await on(client, a);
    expect(await client.socket.emitWithAck("add", 1, 2)).toBe(3);
    const slow = Array.from({ length: 20 }, (_, i) => client.socket.emitWithAck("slow", 300, i));
    proxy.ready.add(b.address).delete(a.address);
    const ended = a.end("SIGKILL");
    const meanwhile = Array.from({ length: 20 }, (_, i) => client.socket.emitWithAck("add", i, 0));
    await ended;
    expect(await Promise.all(slow)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await Promise.all(meanwhile)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(client.disconnects).toEqual([]);
  });

  it("answers a pod's request only to that pod", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a);
    const client = new Client(proxy.front, webSocket);
    await on(client, a);
    const answers = new Map<string, (answer: string) => void>();
    client.socket.on("question", (question: string, answer: (answer: string) => void) =>
      answers.set(question, answer),
    );
    const asked = (question: string) =>
      until(
        () => answers.has(question),
        () => [...answers.keys()].join(),
      );
    for (const question of ["a1", "a2"]) client.socket.emit("ask", question);
    await asked("a2");
    answers.get("a1")?.("from a client of a");
    await until(
      () => client.got("heard").length === 1,
      () => JSON.stringify(client.events),
    );
    proxy.ready.add(b.address).delete(a.address);
    await a.end();
    await on(client, b);
    for (const question of ["b1", "b2"]) client.socket.emit("ask", question);
    await asked("b2");
    answers.get("a2")?.("too late"); // by the pod's own count, this is the id of b2
    answers.get("b2")?.("second");
    answers.get("b1")?.("first");
    await until(
      () => client.got("heard").length === 3,
      () => JSON.stringify(client.events),
    );
    expect(client.events.filter(([name]) => name === "heard")).toEqual([
      ["heard", "a1", "from a client of a", "a"],
      ["heard", "b2", "second", "b"],
      ["heard", "b1", "first", "b"],
    ]);
  });

  it("exchanges binary events, before and after its pod changed", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a);
    const client = new Client(proxy.front, webSocket);
    const exchange = async (byte: number) => {
      const [one, two] = [Buffer.alloc(20_000, byte), Buffer.from([byte, 0, 255])];
      expect(await client.socket.emitWithAck("binary", one, { deep: two })).toEqual(one);
      expect(client.events.at(-1)).toEqual(["binary", { nested: [one] }, two]);
    };
    await on(client, a);
    await exchange(1);
    proxy.ready.add(b.address).delete(a.address);
    await a.end();
    await on(client, b);
    await exchange(2);
    expect(client.disconnects).toEqual([]);
  });

  it("is pinged at the interval of its first pod, whatever the pods do", async () => {
    const a = await Pod.start("a", { pingInterval: 300 });
    const proxy = await start(a);
    const client = new Client(proxy.front, webSocket);
    await on(client, a);
    let pings = 0;
    client.socket.io.on("ping", () => (pings += 1));
    proxy.ready.clear();
    await a.end();
    await until(
      () => pings >= 5,
      () => String(pings),
    );
    const b = await Pod.start("b", { pingInterval: 10_000 });
    proxy.ready.add(b.address);
    await on(client, b);
    const before = pings;
    await until(
      () => pings >= before + 5,
      () => String(pings),
    );
    expect(client.disconnects).toEqual([]);
  });

  it("that is disconnected by the server gets the packet, and its socket is closed with it", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a, b);
    const client = new Client(proxy.front, webSocket);
    await until(
      () => client.pods.length === 1,
      () => "welcome",
    );
    client.socket.emit("kick");
    await until(
      () => client.disconnects.length === 1 && proxy.connections === 0,
      () => `${client.disconnects.join()} ${proxy.connections}`,
    );
    expect(client.disconnects).toEqual(["io server disconnect"]);
    expect(client.pods).toHaveLength(1);
  });

  it("that leaves is gone: its pod gets the packet, and nothing stays in the proxy", async () => {
    const a = await Pod.start("a");
    const proxy = await start(a);
    const client = new Client(proxy.front, webSocket);
    await on(client, a);
    client.socket.disconnect();
    await until(
      () => proxy.connections === 0,
      () => String(proxy.connections),
    );
  });

  it("that the next pod refuses is closed, and comes back with its newest token", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b", { token: "newer" })]);
    const proxy = await start(a);
    let token = "secret";
    const client = new Client(
      proxy.front,
      { ...webSocket, auth: (say) => say({ token }) },
      undefined,
      "/admin",
    );
    await on(client, a);
    token = "newer"; // the token with which it connected is no longer valid
    const asked = client.socket
      .emitWithAck("slow", 60_000, "never")
      .catch((error: unknown) => (error as Error).message);
    proxy.ready.add(b.address).delete(a.address);
    await a.end();
    await on(client, b);
    expect(client.disconnects).toEqual(["transport close"]);
    expect(client.errors).toEqual([]);
    expect(await asked).toBe("socket has been disconnected");
  });

  it("sends packets while no pod is there: they wait for the next one", async () => {
    const a = await Pod.start("a");
    const proxy = await start(a);
    const client = new Client(proxy.front, webSocket);
    await on(client, a);
    proxy.ready.clear();
    await a.end();
    for (let i = 0; i < 50; i++) client.socket.emit("say", i);
    const b = await Pod.start("b");
    proxy.ready.add(b.address);
    await until(
      () => client.got("said").length === 50,
      () => JSON.stringify(client.got("said")),
    );
    expect(client.got("said")).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(client.disconnects).toEqual([]);
  });

  it("is closed when no pod takes over in time", async () => {
    const a = await Pod.start("a");
    const ready = new Set([a.address]);
    const proxy = await startProxy(ready, { ...env, HOLD_SECONDS: "1" });
    const client = new Client(front(proxy.url), { ...webSocket, reconnection: false });
    await on(client, a);
    ready.clear();
    await a.end();
    await until(
      () => client.disconnects.length === 1,
      () => client.disconnects.join(),
    );
    expect(await sample(proxy, "proxy_sockets_abandoned_total")).toBe(1);
  });

  it("by long-polling reaches its own pod through any proxy, and continues by WebSocket there", async () => {
    const pods = await Promise.all(["a", "b", "c"].map((name) => Pod.start(name)));
    const ready = new Set(pods.map(({ address }) => address));
    const proxies = await Promise.all([startProxy(ready, env), startProxy(ready, env)]);
    const edge = await roundRobin(proxies.map((proxy) => proxy.port("http")));
    const pollers = Array.from({ length: 12 }, () => new Client(edge.url, { transports: ["polling"] }));
    const both = Array.from({ length: 12 }, () => new Client(edge.url));
    const all = [...pollers, ...both];
    await until(
      () => all.every((client) => client.pods.length === 1),
      () => all.map((client) => client.errors.join()).join(),
    );
    await until(
      () => both.every(({ transport }) => transport === "websocket"),
      () => both.map(({ transport }) => transport).join(),
    );
    for (const client of all) {
      expect(await client.socket.emitWithAck("add", 2, 3)).toBe(5);
      const blob = Buffer.from([1, 2, 3]);
      expect(await client.socket.emitWithAck("binary", blob, { deep: blob })).toEqual(blob);
    }
    expect(all.flatMap(({ disconnects, errors }) => [...disconnects, ...errors])).toEqual([]);
    expect(edge.statuses.filter((status) => status !== 200)).toEqual([]);
    expect(new Set(all.flatMap((client) => client.pods)).size).toBeGreaterThan(1);
  });

  it.each([
    ["what it posts", (request: IncomingMessage) => request.method === "POST"],
    ["its last poll", (request: IncomingMessage, polls: number) => request.method === "GET" && polls > 1],
  ])(
    "whose proxy has not seen %s loses nothing, and comes back when its pod ends",
    async (_, isElsewhere) => {
      const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
      const ready = new Set([a.address]);
      const [one, other] = await Promise.all([startProxy(ready, env), startProxy(ready, env)]);
      let polls = 0;
      const edge = await startEdge((request) => {
        const isPolling = /transport=polling.*sid=/.test(request.url ?? "");
        if (isPolling && request.method === "GET") polls += 1;
        return (isPolling && isElsewhere(request, polls) ? other : one).port("http");
      });
      const client = new Client(edge.url, { auth: { room: "blue" } });
      await on(client, a);
      await until(
        () => client.transport === "websocket",
        () => String(client.transport),
      );
      expect(await client.socket.emitWithAck("add", 2, 3)).toBe(5);
      ready.add(b.address).delete(a.address);
      await a.end();
      await on(client, b);
      expect(client.disconnects).toEqual(["transport close"]);
      expect(await client.socket.emitWithAck("add", 2, 3)).toBe(5);
    },
  );

  it("that reads its last poll late keeps its socket: its upgrade waits until it polls again", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a);
    const path = "/socket.io/?EIO=4&transport=";
    const url = proxy.front.replace("ws", "http") + path;
    const handshake = await (await fetch(`${url}polling`)).text();
    const { sid } = JSON.parse(handshake.slice(1)) as { sid: string };
    const poll = async () => (await fetch(`${url}polling&sid=${sid}`)).text();
    await fetch(`${url}polling&sid=${sid}`, { method: "POST", body: "40" });
    while (!(await poll()).includes("welcome"));
    // It has not read that answer yet when its WebSocket opens, so no poll is in progress.
    const socket = new WebSocket(`${proxy.front}${path}websocket&sid=${sid}`);
    const packets: string[] = [];
    let closed: number | undefined;
    socket.on("message", (data: Buffer) => packets.push(data.toString()));
    socket.on("close", (code) => (closed = code));
    await once(socket, "open");
    socket.send("2probe");
    await Promise.race([once(socket, "message"), delay(200)]);
    // A client that has the answer to its probe does not poll again.
    const polled = packets.length === 0 ? poll() : undefined;
    await until(
      () => packets.length > 0,
      () => "no answer to the probe",
    );
    expect(packets).toEqual(["3probe"]);
    await polled;
    socket.send("5");
    proxy.ready.add(b.address).delete(a.address);
    await a.end();
    await until(
      () => packets.some((packet) => packet.includes('"pod":"b"')),
      () => packets.join(" "),
    );
    expect(closed).toBeUndefined();
    socket.close();
  });

  it("that has begun by long-polling keeps its socket through a rollout, with its namespaces", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a);
    const chat = new Client(proxy.front, { auth: { room: "blue" } });
    const admin = new Client(proxy.front, { auth: { token: "secret" } }, chat, "/admin");
    await Promise.all([on(chat, a), on(admin, a)]);
    await until(
      () => chat.transport === "websocket",
      () => String(chat.transport),
    );
    proxy.ready.add(b.address).delete(a.address);
    await a.end();
    await Promise.all([on(chat, b), on(admin, b)]);
    expect(await admin.socket.emitWithAck("add", 2, 3)).toBe(5);
    expect([...chat.disconnects, ...admin.disconnects]).toEqual([]);
  });

  it("that polls gets the answer of a Socket.IO server when its pod ends, and starts again", async () => {
    const [a, b] = await Promise.all([Pod.start("a"), Pod.start("b")]);
    const proxy = await start(a);
    const client = new Client(proxy.front, { transports: ["polling"] });
    await on(client, a);
    proxy.ready.add(b.address).delete(a.address);
    await a.end("SIGKILL");
    await on(client, b);
    expect(client.disconnects).toHaveLength(1);
    const gone = `${proxy.front.replace("ws", "http")}/socket.io/?EIO=4&transport=polling&sid=x.${"y".repeat(16)}`;
    const response = await fetch(gone);
    expect([response.status, await response.json()]).toEqual([
      400,
      { code: 1, message: "Session ID unknown" },
    ]);
  });

  describe("of a server with connection state recovery", () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it("misses nothing and notices nothing: rooms, id and events stay", async () => {
      const options = { recovery: true, redis: redis.url };
      const [a, b] = await Promise.all([Pod.start("a", options), Pod.start("b", options)]);
      const proxy = await start(a);
      const client = new Client(proxy.front, { ...webSocket, auth: { room: "blue" } });
      await on(client, a);
      const direct = new Client(`http://${b.address}`, { ...webSocket, auth: { room: "blue" } });
      await on(direct, b);
      direct.socket.emit("say", 0);
      await until(
        () => client.got("said").length === 1,
        () => JSON.stringify(client.events),
      );
      const id = client.socket.id;
      proxy.ready.clear();
      await a.end();
      for (let i = 1; i <= 20; i++) direct.socket.emit("say", i); // no client is there to receive it
      await until(
        () => direct.got("said").length === 21,
        () => JSON.stringify(direct.events),
      );
      proxy.ready.add(b.address);
      await until(
        () => client.got("said").length === 21,
        () => JSON.stringify(client.events),
      );
      direct.socket.emit("say", 21);
      await until(
        () => client.got("said").length === 22,
        () => JSON.stringify(client.events),
      );
      expect(client.got("said")).toEqual(Array.from({ length: 22 }, (_, i) => i));
      expect(client.got("welcome").at(-1)).toEqual({ pod: "b", recovered: true, room: "blue" });
      expect(client.socket.id).toBe(id);
      expect([client.connects, client.disconnects]).toEqual([1, []]);
    });

    it("that cannot recover it, because its pod was killed, gets its new id", async () => {
      const options = { recovery: true, redis: redis.url };
      const [a, b] = await Promise.all([Pod.start("a", options), Pod.start("b", options)]);
      const proxy = await start(a);
      const client = new Client(proxy.front, { ...webSocket, auth: { room: "blue" } });
      await on(client, a);
      const id = client.socket.id;
      proxy.ready.add(b.address).delete(a.address);
      await a.end("SIGKILL");
      await on(client, b);
      expect(client.got("welcome").at(-1)).toEqual({ pod: "b", recovered: false, room: "blue" });
      expect(client.socket.recovered).toBe(false);
      expect(client.socket.id).not.toBe(id);
      expect([client.connects, client.disconnects]).toEqual([2, []]);
    });
  });

  it("is one of a hundred over three pods that are rolled one after the other: no WebSocket client notices", async () => {
    const pods = await Promise.all(["a", "b", "c"].map((name) => Pod.start(name)));
    const ready = new Set(pods.map(({ address }) => address));
    const slow = { ...env, CONNECT_TIMEOUT_MS: "20000" }; // a hundred at once, on a busy machine
    const proxies = await Promise.all([startProxy(ready, slow), startProxy(ready, slow)]);
    const kinds = [{ transports: ["polling"] }, {}, webSocket];
    const clients = Array.from(
      { length: 100 },
      (_, i) =>
        new Client(front(proxies[i % 2]?.url ?? ""), { ...kinds[i % 3], auth: { room: `room-${i % 5}` } }),
    );
    const sockets = clients.filter((_, i) => i % 3 > 0);
    await until(
      () => clients.every(({ pods: seen, socket }) => seen.length > 0 && socket.connected),
      () => clients.filter((client) => client.pods.length === 0).length.toString(),
      60_000,
    );
    await until(
      () => sockets.every(({ transport }) => transport === "websocket"),
      () => sockets.map(({ transport }) => transport).join(),
      60_000,
    );
    // The following is about the rollout, however long it took until all were connected.
    for (const { disconnects, errors } of clients) disconnects.length = errors.length = 0;
    const welcomes = new Map(clients.map((client) => [client, client.pods.length]));
    const refusedSoFar = () =>
      Promise.all(proxies.map((proxy) => sample(proxy, 'proxy_http_requests_total{status="4xx"}'))).then(
        (counts) => counts.reduce((sum, count) => sum + count, 0),
      );
    const refusedBefore = await refusedSoFar();
    let said = 0;
    const answers: Promise<unknown>[] = [];
    const talk = setInterval(() => {
      const speaker = sockets[said++ % sockets.length];
      if (speaker) answers.push(speaker.socket.emitWithAck("add", said, 0));
    }, 5);
    for (const pod of pods) {
      const next = await Pod.start(`${pod.name}2`);
      ready.add(next.address).delete(pod.address);
      await pod.end();
      await until(
        () => clients.every(({ pods: seen, socket }) => seen.at(-1) !== pod.name && socket.connected),
        () => clients.map(({ pods: seen }) => seen.at(-1)).join(),
        60_000,
      );
    }
    clearInterval(talk);
    const got = await Promise.all(answers);
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => i + 1));
    expect(sockets.flatMap(({ disconnects, errors }) => [...disconnects, ...errors])).toEqual([]);
    // Each long-polling session ends with its pod, and for no other reason.
    const polls = clients.filter((_, i) => i % 3 === 0);
    const ended = polls.reduce((sum, client) => sum + client.pods.length - (welcomes.get(client) ?? 0), 0);
    expect(polls.reduce((sum, { disconnects }) => sum + disconnects.length, 0)).toBe(ended);
    expect((await refusedSoFar()) - refusedBefore).toBeLessThanOrEqual(2 * ended); // a GET and a POST each
    expect(polls.every(({ socket }) => socket.connected)).toBe(true);
  });
});
