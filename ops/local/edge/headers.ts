import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from "node:http";

export type Header = readonly [name: string, value: string];

/** Headers that concern one connection only and are never passed on (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Every header in its order and spelling; repeated ones, such as Set-Cookie, stay apart. */
export function headersOf(message: IncomingMessage): Header[] {
  const raw = message.rawHeaders;
  return raw.flatMap((name, index): Header[] => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
}

/** The headers that a proxy passes on. */
export function endToEndHeaders(message: IncomingMessage): Header[] {
  return headersOf(message).filter(([name]) => !hopByHop.has(name.toLowerCase()));
}

/** Tells the pod who asked, as ingress-nginx does; what a client claims of itself is not believed. */
export function forwardedHeaders(incoming: IncomingMessage): OutgoingHttpHeaders {
  const client = incoming.socket.remoteAddress ?? "";
  return {
    "x-real-ip": client,
    "x-forwarded-for": client,
    "x-forwarded-host": incoming.headers.host ?? "",
    "x-forwarded-proto": "http",
  };
}

/** A response's head as text, for sockets that have left node:http's hands. */
export function responseHead(status: number, headers: readonly Header[]): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", ""].join("\r\n");
}
