import type { Random } from "./random";

/** Values that have caused errors in parsers, here or elsewhere. */
const odd: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, 2 ** 53, 2 ** 53 + 2, 1e20, 1e-9],
  ...["", " ", "\u0000", "\ud800", "💣".repeat(20), "a".repeat(200), "x".repeat(5_000)],
  ...["@me", "@ME", "__proto__", "constructor", ".", "..", "{a}", "a}b{c", "%7B", "lobby\n", "LOBBY"],
  ...[[], {}, [[]], [null], { toString: 1 }, { length: 1 }, { id: "x", token: "y" }],
  ...[
    { epoch: "e", offset: 0 },
    { epoch: "", offset: -1 },
    { epoch: "e".repeat(9_000), offset: 2 ** 53 - 1 },
  ],
  ...[
    { epoch: "~a.b.1", offset: 0 },
    { epoch: "~", offset: 1 },
    { epoch: "~%.%1.9999999999999999", offset: 0 },
  ],
];

const names = [
  ...[
    "type",
    "room",
    "rooms",
    "id",
    "data",
    "offset",
    "position",
    "history",
    "requestId",
    "client",
    "session",
  ],
  ...["token", "__proto__", "constructor", "toJSON"],
];

function frameOf(random: Random): Record<string, unknown> {
  const room = random.pick(["lobby", "a", "b", "c.d:e", "@me"]);
  return random.pick<Record<string, unknown>>([
    { type: "hello", client: "abcdefghijklmnopqrstuv", rooms: [{ room }] },
    {
      type: "join",
      room,
      position: { epoch: random.pick(["x", "~a.b.1"]), offset: random.below(9) },
      history: random.below(999),
    },
    { type: "leave", room },
    { type: "publish", room, id: 1 + random.below(60), data: random.pick(odd) },
    { type: "read", room: "@me", offset: random.below(5) },
    { type: "ping" },
    { type: "pong" },
  ]);
}

function mutated(frame: Record<string, unknown>, random: Random): Record<string, unknown> {
  const copy = { ...frame };
  switch (random.below(4)) {
    case 0:
      Object.defineProperty(copy, random.pick(names), { value: random.pick(odd), enumerable: true });
      break;
    case 1:
      return Object.fromEntries(Object.entries(copy).filter(() => random.chance(0.7)));
    case 2:
      copy.rooms = Array.from({ length: random.below(150) }, () => ({
        room: random.pick(odd),
        history: random.below(3),
      }));
      break;
    default:
      copy.data = Array.from({ length: random.below(100) }, () => random.pick(odd));
  }
  return copy;
}

const deep = (levels: number) => "[".repeat(levels) + "1" + "]".repeat(levels);

/** A text that may or may not be a frame of the protocol. */
function textOf(random: Random): Buffer {
  const text = JSON.stringify(frameOf(random));
  switch (random.below(12)) {
    case 0:
      return Buffer.from(deep(random.pick([64, 65, 1_000, 20_000])));
    case 1:
      return Buffer.from(
        `{"type":"publish","room":"lobby","id":1,"data":${deep(random.pick([63, 64, 65, 9_000]))}}`,
      );
    case 2:
      return random.bytes(random.below(300));
    case 3: {
      const bytes = Buffer.from(text);
      for (let i = random.below(4); i >= 0; i--) bytes[random.below(bytes.length)] = random.below(256);
      return bytes;
    }
    case 4:
      return Buffer.from(text.slice(0, random.below(text.length)));
    case 5:
      return Buffer.from(
        text.replace(/:(\d+)/g, () => `:${random.pick(["1e999", "9007199254740993", "1e20", "-0", "00"])}`),
      );
    case 6:
      return Buffer.from(JSON.stringify(mutated(mutated(frameOf(random), random), random)));
    case 7:
      return Buffer.from(`\ufeff${text}`);
    default:
      return Buffer.from(random.chance(0.5) ? text : JSON.stringify(mutated(frameOf(random), random)));
  }
}

interface FrameParts {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** A length other than the payload's. */
  readonly length?: number;
}

/** A frame as a client sends it (RFC 6455 section 5.2), or one that is malformed in a given way. */
export function wireFrame(
  opcode: number,
  payload: Buffer | string = "",
  { fin = true, rsv = 0, masked = true, length }: FrameParts = {},
): Buffer {
  const body = Buffer.from(payload);
  const size = length ?? body.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (size < 126 ? size : size < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(size, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
  if (!masked) return Buffer.concat([head, body]);
  const key = Buffer.from([1, 2, 3, 4]);
  for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (key[i & 3] ?? 0);
  return Buffer.concat([head, key, body]);
}

function closeCode(code: number): Buffer {
  return Buffer.from([code >> 8, code & 0xff]);
}

/** What a hostile peer may send instead of a frame. */
export function hostileFrame(random: Random): Buffer {
  const payload = textOf(random);
  switch (random.below(40)) {
    case 0:
      return wireFrame(2, payload);
    case 1:
      return wireFrame(1, payload, { rsv: 1 + random.below(7) });
    case 2: {
      const parts = random.pick([2, 3, 127, 128, 129]);
      const size = Math.ceil(payload.length / parts);
      return Buffer.concat(
        Array.from({ length: parts }, (_, i) =>
          wireFrame(i === 0 ? 1 : 0, payload.subarray(i * size, (i + 1) * size), { fin: i === parts - 1 }),
        ),
      );
    }
    case 3:
      return wireFrame(9, random.bytes(random.pick([0, 1, 125, 126])));
    case 4:
      return wireFrame(10, random.bytes(random.pick([0, 125, 126])));
    case 5:
      // Codes that describe the server are not sent, because it would echo them.
      return wireFrame(
        8,
        Buffer.concat([
          random.pick([
            Buffer.alloc(0),
            Buffer.from([3]),
            closeCode(random.pick([999, 1000, 1005, 3000, 65_535])),
          ]),
          random.bytes(random.pick([0, 50, 123, 124])),
        ]),
      );
    case 6:
      return wireFrame(1, payload, { masked: false });
    case 7:
      return wireFrame(random.pick([3, 4, 7, 11, 15]), payload);
    case 8:
      return wireFrame(0, payload);
    case 9:
      return wireFrame(1, payload, { length: random.pick([0x7fffffffff, 70_000, 65_537]) });
    case 10: {
      const frame = wireFrame(1, payload);
      return frame.subarray(0, random.below(frame.length));
    }
    case 11:
      return wireFrame(9, payload.subarray(0, 10), { fin: false });
    case 12:
      return Buffer.concat([wireFrame(1, payload, { fin: false }), wireFrame(1, payload)]);
    case 13:
      return random.bytes(50);
    case 14:
      return wireFrame(1, Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80]));
    default:
      return wireFrame(1, payload);
  }
}
