import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { backendErrors } from "../../../app/server/grpc/backend";
import { MAX_PRESENT_USERS } from "../../../app/server/grpc/publisher";
import { MAX_CALLS } from "../../../app/server/grpc/unary";
import { Harness, MAX_PAYLOAD_BYTES, TOKEN, type TestClient } from "./harness";

let harness: Harness;
let client: TestClient;

beforeEach(async () => {
  harness = await Harness.start();
  client = harness.client("holdfast.v1.Publisher");
});

afterEach(() => harness.stop());

const toRoom = { room: "lobby", from: "bot", json: "1" };
const toUser = { user: "ada", from: "bot", json: "1" };
const forever = () => new Promise<never>(() => undefined);

describe("what reaches the backend", () => {
  it.each([
    ["JSON", { json: `{"a":[1,null]}` }, { data: { a: [1, null] } }],
    ["JSON null", { json: "null" }, { data: null }],
    ["bytes, as base64", { binary: Buffer.from([0, 255, 1]) }, { data: "AP8B" }],
    ["no bytes", { binary: Buffer.alloc(0) }, { data: "" }],
    [
      "an id",
      { json: "1", id: { publisher: "billing:7", number: 3 } },
      { data: 1, id: { publisher: "billing:7", number: 3 } },
    ],
    [
      "the greatest id",
      { json: "1", id: { publisher: "b", number: Number.MAX_SAFE_INTEGER } },
      { data: 1, id: { publisher: "b", number: Number.MAX_SAFE_INTEGER } },
    ],
  ])("is a room's message with %s", async (_title, content, expected) => {
    const stored = await client.call("PublishToRoom", { room: "lobby", from: "bot", ...content });

    expect(stored).toEqual({ epoch: "e1", offset: Number.MAX_SAFE_INTEGER });
    expect(harness.backend.calls).toEqual([
      { method: "publishToRoom", message: { room: "lobby", from: "bot", ...expected } },
    ]);
  });

  it("is a user's message", async () => {
    const id = { publisher: "billing", number: 1 };
    const stored = await client.call("PublishToUser", {
      ...toUser,
      user: "ada|lovelace é",
      json: `"hi"`,
      id,
    });

    expect(stored).toEqual({ epoch: "e2", offset: 7 });
    expect(harness.backend.calls).toEqual([
      { method: "publishToUser", message: { user: "ada|lovelace é", from: "bot", data: "hi", id } },
    ]);
  });

  it("is the room whose users are requested, answered in order", async () => {
    harness.backend.present = [
      { user: "eve", connections: 1 },
      { user: "ada", connections: 3 },
    ];
    await expect(client.call("Presence", { room: "lobby" })).resolves.toEqual({
      users: [
        { user: "ada", connections: 3 },
        { user: "eve", connections: 1 },
      ],
      totalUsers: 2,
    });
    expect(harness.backend.calls).toEqual([{ method: "presence", room: "lobby" }]);
  });

  it("is the user whose sockets close, with the reason", async () => {
    const reason = "x".repeat(123);
    await expect(client.call("CloseUser", { user: "ada", reason })).resolves.toEqual({});
    expect(harness.backend.calls).toEqual([{ method: "closeUser", user: "ada", reason }]);
  });

  it("is data nested as deep as allowed", async () => {
    await client.call("PublishToRoom", { ...toRoom, json: `${"[".repeat(64)}${"]".repeat(64)}` });
    expect(harness.backend.calls).toHaveLength(1);
  });

  it("is data as large as allowed", async () => {
    const json = `"${"x".repeat(MAX_PAYLOAD_BYTES - 2)}"`;
    await client.call("PublishToRoom", { ...toRoom, json });
    expect(harness.backend.calls).toHaveLength(1);
  });
});

describe("a presence answer", () => {
  it("is cut at its limit, which it reports, and small enough for a client with default limits", async () => {
    harness.backend.present = Array.from({ length: MAX_PRESENT_USERS + 1 }, (_, i) => ({
      user: "\u{10ffff}".repeat(62) + String(i).padStart(4, "0"),
      connections: 4_294_967_295,
    }));
    const response = (await client.call("Presence", { room: "lobby" })) as {
      users: unknown[];
      totalUsers: number;
    };
    expect(response.users).toHaveLength(MAX_PRESENT_USERS);
    expect(response.totalUsers).toBe(MAX_PRESENT_USERS + 1);
  });

  it("is empty for an empty room", async () => {
    await expect(client.call("Presence", { room: "lobby" })).resolves.toEqual({ users: [], totalUsers: 0 });
  });
});

describe("a wrong request is answered INVALID_ARGUMENT, names its field and does not reach the backend", () => {
  const long = "x".repeat(129);

  it.each([
    ["room", "PublishToRoom", { ...toRoom, room: "" }],
    ["room", "PublishToRoom", { ...toRoom, room: "a room" }],
    ["room", "PublishToRoom", { ...toRoom, room: long }],
    ["room", "PublishToRoom", { ...toRoom, room: "@me" }],
    ["room", "Presence", { room: "@me" }],
    ["room", "Presence", {}],
    ["from", "PublishToRoom", { ...toRoom, from: "" }],
    ["from", "PublishToUser", { ...toUser, from: long }],
    ["from", "PublishToUser", { ...toUser, from: "bot\n" }],
    ["user", "PublishToUser", { ...toUser, user: "" }],
    ["user", "PublishToUser", { ...toUser, user: long }],
    ["user", "CloseUser", { user: "\u0000", reason: "" }],
    ["reason", "CloseUser", { user: "ada", reason: "x".repeat(124) }],
    ["reason", "CloseUser", { user: "ada", reason: "é".repeat(62) }],
    ["data", "PublishToRoom", { room: "lobby", from: "bot" }],
    ["json", "PublishToRoom", { ...toRoom, json: "" }],
    ["json", "PublishToRoom", { ...toRoom, json: "{" }],
    ["json", "PublishToUser", { ...toUser, json: `"${"x".repeat(MAX_PAYLOAD_BYTES)}"` }],
    ["json", "PublishToUser", { ...toUser, json: `"${"é".repeat(MAX_PAYLOAD_BYTES / 2)}"` }],
    ["json", "PublishToRoom", { ...toRoom, json: `${"[".repeat(65)}${"]".repeat(65)}` }],
    ["json", "PublishToRoom", { ...toRoom, json: `${`{"a":`.repeat(65)}1${"}".repeat(65)}` }],
    ["binary", "PublishToRoom", { room: "lobby", from: "bot", binary: Buffer.alloc(MAX_PAYLOAD_BYTES) }],
    ["id.publisher", "PublishToRoom", { ...toRoom, id: { number: 1 } }],
    ["id.publisher", "PublishToRoom", { ...toRoom, id: { publisher: "a b", number: 1 } }],
    ["id.publisher", "PublishToRoom", { ...toRoom, id: { publisher: "x".repeat(65), number: 1 } }],
    ["id.number", "PublishToUser", { ...toUser, id: { publisher: "b" } }],
    ["id.number", "PublishToUser", { ...toUser, id: { publisher: "b", number: "9007199254740993" } }],
  ])("%s of %s %j", async (field, method, request) => {
    await expect(client.call(method, request)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(new RegExp(`^${field} `)) as string,
    });
    expect(harness.backend.calls).toEqual([]);
  });

  it("a message far too large is not even read: RESOURCE_EXHAUSTED", async () => {
    const json = `"${"x".repeat(MAX_PAYLOAD_BYTES + 8_192)}"`;
    await expect(client.call("PublishToRoom", { ...toRoom, json })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    expect(harness.backend.calls).toEqual([]);
  });
});

describe("the publisher token", () => {
  const wrong: [string, readonly string[]][] = [
    ["nothing", []],
    ["an empty value", [""]],
    ["Bearer alone", ["Bearer "]],
    ["another token", ["Bearer another-token"]],
    ["the beginning of the token", [`Bearer ${TOKEN.slice(0, -1)}`]],
    ["the token and more", [`Bearer ${TOKEN}x`]],
    ["the token without its scheme", [TOKEN]],
    ["another scheme", [`Basic ${TOKEN}`]],
  ];

  it.each(wrong)("is required: %s is UNAUTHENTICATED", async (_title, authorization) => {
    const error: unknown = await client
      .call("PublishToRoom", toRoom, { authorization })
      .catch((caught: unknown) => caught);

    expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
    expect((error as Error).message).not.toContain(TOKEN);
    expect(harness.backend.calls).toEqual([]);
  });

  it.each([
    ["PublishToRoom", toRoom],
    ["PublishToUser", toUser],
    ["Presence", { room: "lobby" }],
    ["CloseUser", { user: "ada", reason: "" }],
  ])("is required by %s, before its request is checked", async (method, request) => {
    for (const each of [request, {}]) {
      await expect(client.call(method, each, { authorization: [] })).rejects.toMatchObject({
        code: status.UNAUTHENTICATED,
      });
    }
    expect(harness.backend.calls).toEqual([]);
  });
});

describe("without a publisher token", () => {
  it("nobody can publish, whatever token they send", async () => {
    const open = await Harness.start({ publisherToken: "" });
    try {
      for (const authorization of [[], ["Bearer "], [`Bearer ${TOKEN}`]]) {
        await expect(
          open.client("holdfast.v1.Publisher").call("PublishToRoom", toRoom, { authorization }),
        ).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
      }
      expect(open.backend.calls).toEqual([]);
    } finally {
      await open.stop();
    }
  });
});

describe("an error of the backend", () => {
  const failWith = (code: string) => () =>
    Promise.reject(Object.assign(new Error("redis://user:secret@10.0.0.7 said no"), { code }));

  it("is UNAVAILABLE if the store is unavailable, so that callers try again", async () => {
    harness.backend.hold = failWith(backendErrors.unavailable);
    await expect(client.call("PublishToRoom", toRoom)).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining("try again") as string,
    });
    expect(harness.logged).toEqual([]);
  });

  it("is INVALID_ARGUMENT if the numbers do not count by 1", async () => {
    harness.backend.hold = failWith(backendErrors.sparseId);
    await expect(client.call("PublishToUser", toUser)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/^id\.number /) as string,
    });
  });

  it("is INTERNAL if it is unexpected: logged, but not shown to the caller", async () => {
    harness.backend.hold = failWith("ECONNRESET");
    const error: unknown = await client
      .call("Presence", { room: "lobby" })
      .catch((caught: unknown) => caught);

    expect(error).toMatchObject({ code: status.INTERNAL });
    expect((error as Error).message).not.toMatch(/redis|secret/);
    expect(harness.logged.join("")).toMatch(/"path":"\/holdfast\.v1\.Publisher\/Presence"/);
  });
});

describe("a deadline", () => {
  it("ends the call and informs the backend that nobody waits any more", async () => {
    harness.backend.hold = forever;
    const call = client.call("PublishToRoom", toRoom, { deadlineMs: 200 });
    await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });

    await harness.backend.reached(1);
    await aborted(harness.backend.signals[0]);
  });

  it("is enforced by the server too: work that ends too late changes nothing", async () => {
    let finish: () => void = () => undefined;
    harness.backend.hold = () => new Promise((resolve) => (finish = resolve));
    const call = client.call("PublishToRoom", toRoom, { deadlineMs: 200 });
    await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    finish();
    harness.backend.hold = () => Promise.resolve();

    await expect(client.call("PublishToRoom", toRoom)).resolves.toMatchObject({ epoch: "e1" });
    expect(harness.logged).toEqual([]);
  });

  it("leaves the signal alone while the call runs", async () => {
    await client.call("PublishToRoom", toRoom, { deadlineMs: 60_000 });
    expect(harness.backend.calls).toHaveLength(1);
  });
});

describe("a caller that goes away", () => {
  it("aborts its work", async () => {
    harness.backend.hold = forever;
    const cancel = new AbortController();
    const call = client.call("Presence", { room: "lobby" }, { signal: cancel.signal });
    await harness.backend.reached(1);
    expect(harness.backend.signals[0]?.aborted).toBe(false);

    cancel.abort();
    await expect(call).rejects.toMatchObject({ code: status.CANCELLED });
    await aborted(harness.backend.signals[0]);
  });
});

describe("calls at a time", () => {
  it("are limited: one more is RESOURCE_EXHAUSTED, and accepted again once one has ended", async () => {
    const finish: (() => void)[] = [];
    harness.backend.hold = () => new Promise((resolve) => finish.push(resolve));
    const running = Array.from({ length: MAX_CALLS }, () => client.call("PublishToRoom", toRoom));
    await harness.backend.reached(MAX_CALLS);

    await expect(client.call("PublishToRoom", toRoom)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining("try again") as string,
    });
    finish.pop()?.();
    await Promise.race(running);

    const next = client.call("PublishToRoom", toRoom);
    await harness.backend.reached(MAX_CALLS + 1);
    for (const each of finish) each();
    await expect(Promise.all([next, ...running])).resolves.toHaveLength(MAX_CALLS + 1);
  });
});

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) throw new Error("the backend was not called");
  if (!signal.aborted) await once(signal, "abort");
}
