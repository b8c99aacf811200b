/**
 * Packets of the Socket.IO protocol, revision 5, inside messages of Engine.IO, revision 4
 * (https://socket.io/docs/v4/socket-io-protocol/, https://socket.io/docs/v4/engine-io-protocol/). Only their heads are read:
 * application data passes unchanged. Pure.
 */

export const packetTypes = {
  connect: 0,
  disconnect: 1,
  event: 2,
  ack: 3,
  connectError: 4,
  binaryEvent: 5,
  binaryAck: 6,
} as const;

/** The first characters of Engine.IO's text frames. A binary frame is a message without one. */
export const engineTypes = {
  open: "0",
  close: "1",
  ping: "2",
  pong: "3",
  message: "4",
  upgrade: "5",
} as const;

export interface PacketHead {
  readonly type: number;
  /** The number of binary frames that follow. */
  readonly attachments: number;
  readonly namespace: string;
  /** The id of an event that requests an acknowledgement, or of the acknowledgement. */
  readonly id: number | undefined;
  /** Where the digits of the id begin, and where the JSON begins. */
  readonly idAt: number;
  readonly dataAt: number;
}

/** More than any client sends: the parser of Socket.IO accepts 10 by default. */
const maxAttachments = 1_000;

const head = /^4(?:([0-4])|([56])(\d{1,4})-)(?:(\/[^,]*)(?:,|$))?(\d{1,15})?/;

/** The first characters of each type's JSON: an acknowledgement and an event are arrays, a connection is an object. */
const firstOfData = [["{", ""], [""], ["["], ["["], ["{", '"'], ["["], ["["]];

/** Reads the head of a text frame that begins with `4`. Undefined if it is not a packet of Socket.IO. */
export function parseHead(text: string): PacketHead | undefined {
  const match = head.exec(text);
  if (!match) return undefined;
  const type = Number(match[1] ?? match[2]);
  const attachments = Number(match[3] ?? 0);
  const dataAt = match[0].length;
  const digits = match[5];
  const binary = match[2] !== undefined;
  if (firstOfData[type]?.includes(text.charAt(dataAt)) !== true) return undefined;
  if (binary ? attachments < 1 || attachments > maxAttachments : attachments > 0) return undefined;
  return {
    type,
    attachments,
    namespace: match[4] ?? "/",
    id: digits === undefined ? undefined : Number(digits),
    idAt: dataAt - (digits?.length ?? 0),
    dataAt,
  };
}

/** The same text frame with another id. */
export function withId(text: string, { idAt, dataAt }: PacketHead, id: number): string {
  return `${text.slice(0, idAt)}${id}${text.slice(dataAt)}`;
}

/** @param payload JSON of an object, or an empty text */
export function connectPacket(namespace: string, payload: string): string {
  return `40${namespace === "/" ? "" : `${namespace},`}${payload}`;
}

/** The JSON object in a packet; undefined if there is none. */
export function objectIn(text: string, { dataAt }: PacketHead): Record<string, unknown> | undefined {
  return parseObject(text.slice(dataAt));
}

export function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(json) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * With connection state recovery the server appends an offset to the arguments of each event: a string without characters that
 * JSON escapes (`yeast` in memory, `<ms>-<seq>` with Redis streams). The name of an event alone does not match.
 */
const offset = /,"([A-Za-z0-9_.:-]{1,64})"\]$/;

export function offsetIn(text: string): string | undefined {
  return offset.exec(text.slice(-70))?.[1];
}
