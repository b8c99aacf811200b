import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { parseClientFrame, parseServerFrame } from "../../../app/protocol/parse";
import { startPod, stopPods } from "../helpers/pod";
import { Wire } from "../helpers/wire";

/** A step of a conversation: a frame and who sent it, or what happens to the connection or its pod. */
interface Step {
  readonly connection: string;
  readonly from: "client" | "server" | "operator";
  readonly frame: { readonly type: string };
}

/**
 * Frames of version 1 as they were recorded when it was frozen. Names such as `<token-1>` stand for what differs from run
 * to run. A change that needs a change of this file breaks clients in the field: it is another version, see
 * docs/protocol.md.
 */
const steps = readFileSync(join(__dirname, "recorded-v1.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Step);

/** Gives values their names, and names their values. */
class Names {
  readonly #names = new Map<unknown, string>();
  readonly #counts = new Map<string, number>();

  /** A frame of the server with names in the place of what differs from run to run. */
  named(frame: object): unknown {
    return this.#each(frame, (key, value, parent) => {
      if (key === "at") return "<time>";
      if (key === "message" && "code" in parent) return "<text>"; // for people
      const isNamed =
        /^(token|epoch|user|from|pod)$/.test(key) || (key === "id" && typeof value === "string");
      return isNamed ? this.#nameOf(key, value) : value;
    });
  }

  /** A frame of the client with the values that it was told. */
  valued(frame: object): unknown {
    const values = new Map([...this.#names].map(([value, name]) => [name, value]));
    return this.#each(frame, (_key, value) => {
      if (typeof value !== "string" || !value.startsWith("<")) return value;
      if (!values.has(value)) throw new Error(`the server has not said ${value}`);
      return values.get(value);
    });
  }

  #nameOf(key: string, value: unknown): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    this.#names.set(value, `<${key}-${count}>`);
    return `<${key}-${count}>`;
  }

  #each(frame: object, change: (key: string, value: unknown, parent: object) => unknown): unknown {
    return JSON.parse(
      JSON.stringify(frame, function (this: object, key, value: unknown) {
        return key === "" ? value : change(key, value, this);
      }),
    );
  }
}

describe("recorded frames of version 1", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await stopPods();
    await redis.stop();
  });

  it("hold each type of frame", () => {
    const types = (from: Step["from"]) =>
      [...new Set(steps.filter((step) => step.from === from).map(({ frame }) => frame.type))].sort();
    expect(types("client")).toEqual(["hello", "join", "leave", "ping", "pong", "publish", "read"]);
    expect(types("server")).toEqual(["ack", "error", "goaway", "message", "ping", "pong", "sync", "welcome"]);
  });

  it("are answered today as they were then", async () => {
    const pods = new Map<string, Awaited<ReturnType<typeof startPod>>>();
    const wires = new Map<string, Wire>();
    const names = new Names();
    const answered = new Map<string, number>();
    for (let at = 0; ;) {
      const step = steps[at];
      if (step === undefined) break;
      const { connection, from, frame } = step;
      if (from === "operator") {
        at += 1;
        if (frame.type === "drain") {
          void pods.get(connection)?.drain();
          continue;
        }
        const pod = await startPod(redis.url, { DRAIN_SECONDS: "60", PING_INTERVAL_SECONDS: "1" });
        pods.set(connection, pod);
        wires.set(connection, await new Wire(`${pod.url}/chat/lobby`).opened());
        continue;
      }
      const wire = wires.get(connection);
      if (wire === undefined) throw new Error(`connection ${connection} was not opened`);
      if (from === "client") {
        at += 1;
        wire.send(names.valued(frame));
        continue;
      }
      if (frame.type === "ping") {
        at += 1;
        expect(await wire.until(() => wire.frames.find(({ type }) => type === "ping"), "a ping")).toEqual(
          frame,
        );
        continue;
      }
      // What one frame brings about may come in any order: an acknowledgement and the message come by different ways.
      const end = steps.findIndex(
        (step, index) => index > at && (step.from !== "server" || step.frame.type === "ping"),
      );
      const expected = steps.slice(at, end === -1 ? undefined : end).map((step) => step.frame);
      at += expected.length;
      const start = answered.get(connection) ?? 0;
      answered.set(connection, start + expected.length);
      const frames = await wire.until(
        () => {
          const came = wire.frames.filter(({ type }) => type !== "ping").slice(start);
          return came.length >= expected.length ? came : undefined;
        },
        `${expected.length} frames such as ${JSON.stringify(frame)}`,
      );
      const named = frames.map((each) => names.named(each));
      expect(named).toHaveLength(expected.length);
      expect(named).toEqual(expect.arrayContaining(expected));
    }
    for (const wire of wires.values()) wire.close();
  });

  it.each(steps.filter(({ from }) => from !== "operator"))("are read as they are: $frame.type", (step) => {
    const text = JSON.stringify(step.frame).replace('"<time>"', "1767225600000");
    const read = step.from === "client" ? parseClientFrame(text) : parseServerFrame(text);
    expect(read).toEqual(JSON.parse(text));
  });
});
