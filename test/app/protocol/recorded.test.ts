import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import type { ServerFrame } from "../../../app/protocol/frames";
import { parseClientFrame, parseServerFrame } from "../../../app/protocol/parse";
import { startPod, stopPods } from "../helpers/pod";
import { Wire } from "../helpers/wire";

/** A step of a conversation: a frame and its sender, or an event of the connection or its pod. */
interface Step {
  readonly connection: string;
  readonly from: "client" | "server" | "operator";
  readonly frame: { readonly type: string };
}

/**
 * Frames of version 1, recorded when it was frozen. Names such as `<token-1>` stand for values that differ between runs. A change
 * that requires changing this file breaks existing clients: it needs another version, see docs/protocol.md.
 */
const steps = readFileSync(join(__dirname, "recorded-v1.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Step);

/** Replaces values by names, and names by values. */
class Names {
  readonly #names: { readonly key: string; readonly value: unknown; readonly name: string }[] = [];

  /** A frame of the server, with names instead of values that differ between runs. */
  named(frame: object): object {
    return this.#each(frame, (key, value, parent) => {
      if (key === "at") return "<time>";
      if (key === "message" && "code" in parent) return "<text>"; // for people
      if (key === "epoch" && "room" in parent) return this.#nameOf(`epoch-${String(parent.room)}`, value);
      const isNamed = /^(token|user|from|pod)$/.test(key) || (key === "id" && typeof value === "string");
      return isNamed ? this.#nameOf(key === "from" ? "user" : key, value) : value;
    });
  }

  /** A frame of the client, with the values that the server sent. */
  valued(frame: object): unknown {
    const values = new Map(this.#names.map(({ name, value }) => [name, value]));
    return this.#each(frame, (_key, value) => {
      if (typeof value !== "string" || !value.startsWith("<")) return value;
      if (!values.has(value)) throw new Error(`the server has not said ${value}`);
      return values.get(value);
    });
  }

  #nameOf(key: string, value: unknown): string {
    const known = this.#names.find((each) => each.key === key && each.value === value);
    if (known !== undefined) return known.name;
    const name = `<${key}-${this.#names.filter((each) => each.key === key).length + 1}>`;
    this.#names.push({ key, value, name });
    return name;
  }

  #each(frame: object, change: (key: string, value: unknown, parent: object) => unknown): object {
    return JSON.parse(
      JSON.stringify(frame, function (this: object, key, value: unknown) {
        return key === "" ? value : change(key, value, this);
      }),
    ) as object;
  }
}

function withoutPings({ frames }: Wire): ServerFrame[] {
  return frames.filter(({ type }) => type !== "ping");
}

/** Groups frames with a fixed order: those of one room, without acknowledgements; and those without a room. */
function byWay(frames: readonly object[]): Record<string, object[]> {
  const ways: Record<string, object[]> = {};
  for (const frame of frames) {
    const { type, room = "" } = frame as { type: string; room?: string };
    (ways[type === "ack" ? `ack ${room}` : room] ??= []).push(frame);
  }
  return ways;
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

  it("contain each type of frame", () => {
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
        // In each quarter of the history's TTL, an empty room gets another epoch; with this TTL that rarely happens.
        const env = { DRAIN_SECONDS: "60", PING_INTERVAL_SECONDS: "1", HISTORY_TTL_SECONDS: "604800" };
        const pod = await startPod(redis.url, env);
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
      // The frames that one frame causes. Acknowledgements and messages come on different ways, and each room has its own.
      const end = steps.findIndex(
        (each, index) => index > at && (each.from !== "server" || each.frame.type === "ping"),
      );
      const expected = steps.slice(at, end === -1 ? undefined : end).map((each) => each.frame);
      at += expected.length;
      const start = answered.get(connection) ?? 0;
      answered.set(connection, start + expected.length);
      const frames = await wire.until(
        () => {
          const came = withoutPings(wire).slice(start);
          return came.length >= expected.length ? came : undefined;
        },
        `${expected.length} frames such as ${JSON.stringify(frame)}`,
      );
      expect(frames).toHaveLength(expected.length);
      expect(byWay(frames.map((each) => names.named(each)))).toMatchObject(byWay(expected));
    }
    for (const [connection, wire] of wires)
      expect(withoutPings(wire)).toHaveLength(answered.get(connection) ?? 0);
    for (const wire of wires.values()) wire.close();
  });

  it.each(steps.filter(({ from }) => from !== "operator"))("are read as they are: $frame.type", (step) => {
    const text = JSON.stringify(step.frame).replace('"<time>"', "1767225600000");
    const read = step.from === "client" ? parseClientFrame(text) : parseServerFrame(text);
    expect(read).toEqual(JSON.parse(text));
  });
});
