import { INBOX, limits, serverLimits } from "../../../app/protocol/frames";
import { FrameError, isRoomId, parseClientFrame, parseServerFrame } from "../../../app/protocol/parse";

const client = "c".repeat(serverLimits.clientIdMinLength);
const position = { epoch: "e1", offset: 7 };

describe("isRoomId", () => {
  it.each(["a", "A-z_0.9:b", "_", "...", ".a", "a..", "a".repeat(limits.roomIdLength)])("takes %p", (id) => {
    expect(isRoomId(id)).toBe(true);
  });

  it.each([
    "",
    "a b",
    "a/b",
    ".",
    "..",
    "{a}",
    "ä",
    "a\n",
    INBOX,
    "a".repeat(limits.roomIdLength + 1),
    1,
    null,
    undefined,
  ])("does not take %p", (id) => {
    expect(isRoomId(id)).toBe(false);
  });
});

describe("parseClientFrame", () => {
  it.each<[string, object]>([
    ["the smallest hello", { type: "hello", client, rooms: [] }],
    [
      "a hello with everything",
      {
        type: "hello",
        client: "c".repeat(serverLimits.clientIdMaxLength),
        token: "x.y.z",
        session: { id: "s", token: "t" },
        rooms: [{ room: "a" }, { room: "b", position, history: limits.history }, { room: INBOX, position }],
      },
    ],
    ["a join", { type: "join", room: "a" }],
    [
      "a join from a position",
      { type: "join", room: INBOX, position: { epoch: "e", offset: 0 }, history: 0 },
    ],
    ["a leave", { type: "leave", room: "a" }],
    ["a publish of null", { type: "publish", room: "a", id: 1, data: null }],
    ["a publish of an object", { type: "publish", room: "a", id: Number.MAX_SAFE_INTEGER, data: { a: [1] } }],
    ["a receipt", { type: "read", room: INBOX, offset: 0 }],
    ["a ping", { type: "ping" }],
    ["a pong", { type: "pong" }],
  ])("takes %s as it is", (_title, frame) => {
    expect(parseClientFrame(JSON.stringify(frame))).toEqual(frame);
  });

  it("leaves out what is not of the frame, at every level", () => {
    const sent = {
      type: "hello",
      client,
      user: "root",
      session: { id: "s", token: "t", generation: 9 },
      rooms: [{ room: "a", position: { ...position, run: 1 }, admin: true }],
    };
    expect(parseClientFrame(JSON.stringify(sent))).toEqual({
      type: "hello",
      client,
      session: { id: "s", token: "t" },
      rooms: [{ room: "a", position }],
    });
  });

  const publish = { type: "publish", room: "a", id: 1, data: 1 };
  const hello = { type: "hello", client, rooms: [] };
  const types = "type must be hello, join, leave, publish, read, ping or pong";
  const room = `room must be 1 to ${limits.roomIdLength} of A-Z a-z 0-9 _ . : -, but not . or ..`;
  it.each<[unknown, string]>([
    ["hello?", "not JSON"],
    ["", "not JSON"],
    ["null", "frame must be an object, found null"],
    ["[]", "frame must be an object, found an array"],
    [`"ping"`, "frame must be an object, found a string"],
    [{}, `${types}, found nothing`],
    [{ type: 1 }, `${types}, found 1`],
    [{ type: "shout" }, `${types}, found "shout"`],
    [{ type: "welcome" }, `${types}, found "welcome"`],
    [{ type: "x".repeat(1_000) }, `${types}, found "${"x".repeat(32)}"`],
    [{ ...hello, client: undefined }, "client must be a non-empty string, found nothing"],
    [{ ...hello, client: 5 }, "client must be a non-empty string, found 5"],
    [{ ...hello, client: "me" }, "client must have 22 to 64 characters, found 2"],
    [{ ...hello, client: "c".repeat(65) }, "client must have 22 to 64 characters, found 65"],
    [{ ...hello, token: "" }, "token must be a non-empty string, found a string"],
    [{ ...hello, session: "s" }, "session must be an object, found a string"],
    [
      { ...hello, session: { id: "s" } },
      "session.token must be 1 to 128 printable ASCII characters, found nothing",
    ],
    [{ ...hello, rooms: undefined }, "rooms must be an array, found nothing"],
    [{ ...hello, rooms: "a" }, "rooms must be an array, found a string"],
    [{ ...hello, rooms: ["a"] }, "rooms[] must be an object, found a string"],
    [{ ...hello, rooms: [{ room: "a b" }] }, `${room}, found a string`],
    [{ type: "join" }, `${room}, found nothing`],
    [{ type: "join", room: "a", position: 3 }, "position must be an object, found 3"],
    [
      { type: "join", room: "a", position: { offset: 1 } },
      "position.epoch must be a non-empty string, found nothing",
    ],
    [
      { type: "join", room: "a", position: { epoch: "e", offset: -1 } },
      "position.offset must be an integer from 0, found -1",
    ],
    [
      { type: "join", room: "a", position: { epoch: "e", offset: 1.5 } },
      "position.offset must be an integer from 0, found 1.5",
    ],
    [{ type: "join", room: "a", history: -1 }, "history must be an integer from 0, found -1"],
    [{ type: "join", room: "a", history: 1_001 }, "history must be at most 1000, found 1001"],
    [{ type: "leave", room: 7 }, `${room}, found 7`],
    [{ ...publish, room: INBOX }, `${room}, found a string`],
    [{ ...publish, data: undefined }, "data is missing: any JSON value"],
    [{ ...publish, id: 0 }, "id must be an integer from 1, found 0"],
    [{ ...publish, id: "1" }, "id must be an integer from 1, found a string"],
    [{ ...publish, id: Number.MAX_SAFE_INTEGER + 1 }, "id must be an integer from 1, found 9007199254740992"],
    [{ type: "read", room: INBOX }, "offset must be an integer from 0, found nothing"],
  ])("refuses %j, and names the property and the value", (frame, message) => {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    expect(() => parseClientFrame(text)).toThrow(new FrameError(message));
  });

  it("repeats nothing of a secret in its message", () => {
    const frame = { ...hello, session: { id: "", token: "the resume token" } };
    expect(() => parseClientFrame(JSON.stringify(frame))).toThrow(
      new FrameError("session.id must be 1 to 128 printable ASCII characters, found a string"),
    );
  });
});

describe("parseServerFrame", () => {
  const welcome = {
    type: "welcome",
    session: { id: "s", token: "t", generation: 1 },
    resumed: false,
    user: "ada",
    pod: "p",
    pingMs: 25_000,
    maxPayloadBytes: 65_536,
  };
  it.each<[object]>([
    [welcome],
    [{ type: "sync", room: "a", epoch: "e", offset: 0, recovered: true }],
    [{ type: "message", room: "a", offset: 1, from: "ada", at: 0, data: null }],
    [{ type: "ack", room: "a", id: 1, offset: 1 }],
    [{ type: "error", code: "forbidden", message: "no", retryable: false, room: "a" }],
    [{ type: "goaway", reason: "drain", delayMs: 0 }],
    [{ type: "ping" }],
    [{ type: "pong" }],
  ])("accepts %j unchanged", (frame) => {
    expect(parseServerFrame(JSON.stringify(frame))).toEqual(frame);
  });

  it.each([
    [{ type: "hello" }],
    [{ type: "from a later server" }],
    [{}],
    [{ type: "error", code: "a later code" }],
  ])("ignores %j, which a later server may send", (frame) => {
    expect(parseServerFrame(JSON.stringify(frame))).toBeUndefined();
  });

  it.each<[unknown, string]>([
    ["<html>", "not JSON"],
    ["[]", "frame must be an object, found an array"],
    [{ type: "message", room: "a", offset: 0 }, "offset must be an integer from 1, found 0"],
    [{ type: "ack", room: "a", id: 1 }, "offset must be an integer from 1, found nothing"],
    [{ type: "sync", room: "a", epoch: "", offset: 0 }, "epoch must be a non-empty string, found a string"],
    [{ type: "sync", room: "a", epoch: "e", offset: -1 }, "offset must be an integer from 0, found -1"],
    [{ ...welcome, session: undefined }, "session must be an object, found nothing"],
    [{ type: "goaway", delayMs: "soon" }, "delayMs must be an integer from 0, found a string"],
  ])("refuses %j: it would break the client's state", (frame, message) => {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    expect(() => parseServerFrame(text)).toThrow(new FrameError(message));
  });
});
