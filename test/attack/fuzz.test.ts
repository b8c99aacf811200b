import { connect } from "node:net";
import { createAuthenticator } from "../../app/server/auth/authenticator";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { claims, jwtConfig, SECRET, sign } from "../app/auth/tokens";
import { upgradeRequest } from "../app/helpers/peer";
import { startPod, stopPods } from "../app/helpers/pod";
import { Wire } from "../app/helpers/wire";
import { hostileFrame, wireFrame } from "./frames";
import { cases, Random, seedOf } from "./random";

jest.setTimeout(60_000 + cases * 20);

/** A text that only its own user may see. */
const canary = "CANARY-of-another-user";

/**
 * Close codes that never answer what one client does: a bug in the server, a restart, an overload, another's session. Any other
 * may come, because a server echoes the client's own close code (RFC 6455 section 5.5.1).
 */
const never = new Set([1011, 1012, 1013, 4003]);

/** Sends bytes to a port, waits until the server ends the connection or `ms` have passed, and returns what the server sent. */
function exchange(port: number, chunks: readonly Buffer[], ms: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(received));
    });
    for (const chunk of chunks) socket.write(chunk);
  });
}

/** The frames that a server sent after its 101, with their opcodes. */
function framesIn(received: Buffer): { opcode: number; payload: Buffer }[] {
  const frames = [];
  for (let at = received.indexOf("\r\n\r\n") + 4; at + 2 <= received.length;) {
    let length = (received[at + 1] ?? 0) & 127;
    let head = 2;
    if (length === 126) {
      length = received.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      length = Number(received.readBigUInt64BE(at + 2));
      head = 10;
    }
    if (at + head + length > received.length) break;
    frames.push({
      opcode: (received[at] ?? 0) & 15,
      payload: received.subarray(at + head, at + head + length),
    });
    at += head + length;
  }
  return frames;
}

describe("a server under random attack", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it("answers hostile frames with frames and proper close codes, and serves others", async () => {
    const seed = seedOf("frames");
    const pod = await startPod(redis.url, {
      AUTH_MODE: "jwt",
      JWT_SECRET: SECRET,
      MAX_FRAME_RATE: "100000",
    });
    const port = pod.port("http");
    const victim = new Wire(`${pod.url}/chat/secret`, {
      headers: { authorization: `Bearer ${await sign(claims({ sub: "victim" }))}` },
    });
    await victim.hello({ rooms: [{ room: "secret" }] });
    await victim.sync("secret");
    // A full run takes longer than the time after which a silent client is closed.
    victim.ws.on("message", (data: Buffer) => {
      if (data.includes('{"type":"ping"}')) victim.send({ type: "pong" });
    });
    const attacker = await sign(
      claims({ sub: "attacker", holdfast: { join: ["lobby", "a", "b"], publish: ["lobby", "a"] } }),
    );
    const hello = wireFrame(
      1,
      JSON.stringify({ type: "hello", client: "abcdefghijklmnopqrstuv", rooms: [{ room: "lobby" }] }),
    );

    const attack = async (number: number, count: number) => {
      const random = new Random(seed + number);
      const protocol = random.chance(0.8) ? { "Sec-WebSocket-Protocol": "holdfast.v1.json" } : {};
      const head = upgradeRequest("/messaging/chat/lobby", {
        Authorization: `Bearer ${attacker}`,
        ...protocol,
      });
      const frames = Array.from({ length: count }, () => hostileFrame(random));
      const first = random.chance(0.9) ? [hello] : [];
      const received = await exchange(port, [Buffer.from(head), ...first, ...frames, wireFrame(8)], 2_000);
      for (const { opcode, payload } of framesIn(received)) {
        const where = `socket ${number} of ATTACK_SEED=${seed}`;
        if (opcode === 1) JSON.parse(payload.toString());
        if (payload.includes(canary)) throw new Error(`${where} was given another user's message`);
        const code = opcode === 8 && payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        if (never.has(code)) throw new Error(`${where} was closed with ${code}`);
      }
    };
    const perSocket = 20;
    let next = 0;
    const sockets = Math.ceil(cases / perSocket);
    let said = 0;
    const work = async () => {
      while (next < sockets) {
        const number = next++;
        await attack(number, perSocket);
        if (number % 100 !== 0) continue;
        victim.send({ type: "publish", room: "secret", id: ++said, data: canary });
        const id = said;
        await victim.next("ack", (frame) => frame.id === id);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(victim.ws.readyState).toBe(victim.ws.OPEN);
    expect(victim.offsets("secret")).toHaveLength(said);
  });

  it("answers hostile upgrades with a status, keeps none of their sockets, and serves others", async () => {
    const seed = seedOf("upgrades");
    const pod = await startPod(redis.url, { HANDSHAKE_TIMEOUT_SECONDS: "1" });
    const port = pod.port("http");
    const odd = ["", "\0", "a".repeat(300), "💣", "\r\nX: y", "websocket", "13", "0", "chunked", "/..", "\t"];
    const headers = [
      ...["Host", "Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key", "Origin", "Cookie"],
      ...["Sec-WebSocket-Protocol", "Authorization", "Content-Length", "Transfer-Encoding", "Expect", "X_Y"],
      ...["Sec-WebSocket-Extensions"],
    ];
    const paths = [
      "/messaging/chat/a",
      "/messaging/chat/",
      "/messaging/../x",
      "//",
      "*",
      "http://x/messaging/chat/a",
    ];
    const attack = async (number: number) => {
      const random = new Random(seed + number);
      const changed: Record<string, string | string[] | undefined> = {};
      for (let i = random.below(3); i >= 0; i--) {
        const value = random.pick(odd);
        changed[random.pick(headers)] = random.pick([undefined, value, [value, random.pick(odd)]]);
      }
      const line = `${random.pick(["GET", "GET", "POST", "CONNECT", "get"])} ${random.pick(paths)} ${random.pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", ""])}`;
      let request = Buffer.from(upgradeRequest("", changed, line));
      if (random.chance(0.1)) request = request.subarray(0, random.below(request.length));
      if (random.chance(0.1)) request[random.below(request.length)] = random.below(256);
      const rest = random.chance(0.3) ? [random.bytes(random.below(200))] : [];
      // Does not wait for the deadline of the request: this side cuts half requests.
      const received = await exchange(port, [request, ...rest], 60);
      const status = received.toString("latin1");
      if (status !== "" && !/^HTTP\/1\.1 (101|4\d\d|501|503|200) /.test(status)) {
        throw new Error(`upgrade ${number} of ATTACK_SEED=${seed} was answered ${status.slice(0, 80)}`);
      }
    };
    let next = 0;
    const work = async () => {
      while (next < cases) await attack(next++);
    };
    await Promise.all(Array.from({ length: 32 }, work));
    await new Wire(`${pod.url}/chat/a`).hello();
    while (pod.connections > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("accepts no token but the one that was signed", async () => {
    const seed = seedOf("tokens");
    const authenticator = createAuthenticator(jwtConfig({ JWT_SECRET: SECRET }));
    const good = await sign(claims({ sub: "ada" }));
    expect((await authenticator.authenticate(good, "")).user).toBe("ada");
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const decode = (part: string) =>
      JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
    const odd = [null, "", 0, -1, 1e308, [], {}, "none", "HS512", "RS256", "root", ["HS256"], "../../key"];
    for (let number = 0; number < cases; number++) {
      const random = new Random(seed + number);
      const parts = good.split(".");
      const [head = "", payload = "", signature = ""] = parts;
      const token = random.pick([
        () =>
          `${encode({ ...decode(head), [random.pick(["alg", "typ", "kid", "crit", "b64"])]: random.pick(odd) })}.${payload}.${signature}`,
        () =>
          `${head}.${encode({ ...decode(payload), [random.pick(["sub", "exp", "nbf", "iat"])]: random.pick(odd) })}.${signature}`,
        () => `${encode({ alg: "none" })}.${payload}.`,
        () => parts.filter(() => random.chance(0.7)).join("."),
        () => random.bytes(random.below(100)).toString("latin1"),
        () => `${head}.${payload}.${random.bytes(32).toString("base64url")}`,
        () => {
          const bytes = Buffer.from(good);
          const at = random.below(good.length - signature.length);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(7));
          return bytes.toString("latin1");
        },
      ])();
      if (token === good) continue;
      const user = await authenticator.authenticate(token, "").then(
        (identity) => identity.user,
        () => undefined,
      );
      if (user !== undefined) {
        throw new Error(`token ${number} of ATTACK_SEED=${seed} was accepted for ${user}: ${token}`);
      }
    }
  });
});
