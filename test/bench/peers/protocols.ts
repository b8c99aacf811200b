import type { Control, Protocol, ProtocolName } from "./peer";

const other: Control = { type: "other" };
const ready: Control = { type: "ready" };

/** `holdfast.v1.json`: app/protocol/frames.ts. */
const holdfast: Protocol = {
  subprotocol: "holdfast.v1.json",
  address: (url) => `${url}bench`,
  greeting: (room, name) => [`{"type":"hello","client":"${name}","rooms":[{"room":"${room}"}]}`],
  publish: (room, id, data) => `{"type":"publish","room":"${room}","id":${id},"data":"${data}"}`,
  control(line) {
    const frame = JSON.parse(line) as { type: string; room?: string; id?: number; message?: string };
    if (frame.type === "ack") return { type: "ack", id: frame.id ?? 0 };
    if (frame.type === "sync" && frame.room !== "@me") return ready;
    if (frame.type === "ping") return { type: "answer", text: `{"type":"pong"}` };
    return frame.type === "error" ? { type: "error", reason: frame.message ?? line } : other;
  },
};

/** The path contains the room. The server sends every text to the members of the room, and acknowledges nothing. */
const ws: Protocol = {
  address: (url, room) => `${url}/${room}`,
  greeting: () => [],
  publish: (_room, _id, data) => data,
  control: (line) => (line === "ready" ? ready : other),
};

/**
 * Engine.IO 4 and Socket.IO 5 over WebSocket only: 0 open, 2 ping, 3 pong, 40 connect, 42 event, 43 acknowledgement.
 * https://socket.io/docs/v4/engine-io-protocol/ https://socket.io/docs/v4/socket-io-protocol/
 */
const socketIo: Protocol = {
  address: (url, room) => `${url}/socket.io/?EIO=4&transport=websocket&room=${room}`,
  greeting: () => ["40"],
  publish: (_room, id, data) => `42${id}["publish","${data}"]`,
  control(line) {
    if (line === "2") return { type: "answer", text: "3" };
    if (line.startsWith("40")) return ready;
    if (line.startsWith("43")) return { type: "ack", id: Number.parseInt(line.slice(2), 10) };
    return line.startsWith("44") ? { type: "error", reason: line } : other;
  },
};

/** The number of commands before the first publish of a connection: connect and subscribe. */
const centrifugeOffset = 2;

/** The JSON protocol of Centrifuge: https://centrifugal.dev/docs/transports/client_protocol */
const centrifuge: Protocol = {
  address: (url) => url,
  greeting: (room, _name, token) => [
    JSON.stringify({ id: 1, connect: { token } }),
    JSON.stringify({ id: 2, subscribe: { channel: room } }),
  ],
  publish: (room, id, data) =>
    `{"id":${id + centrifugeOffset},"publish":{"channel":"${room}","data":"${data}"}}`,
  control(line) {
    if (line === "{}") return { type: "answer", text: "{}" };
    const reply = JSON.parse(line) as { id?: number; error?: { message: string }; push?: unknown };
    if (reply.error) return { type: "error", reason: reply.error.message };
    if (reply.id === undefined || reply.id < centrifugeOffset) return other;
    return reply.id === centrifugeOffset ? ready : { type: "ack", id: reply.id - centrifugeOffset };
  },
};

export const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  holdfast,
  ws,
  "socket.io": socketIo,
  centrifuge,
};
