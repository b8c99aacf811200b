import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from "node:http";

export type Header = readonly [name: string, value: string];

/** Headers that belong to one connection and are not passed on (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Every header in its order and spelling; repeated ones, such as Set-Cookie, stay separate. */
export function headersOf(message: IncomingMessage): Header[] {
  const raw = message.rawHeaders;
  return raw.flatMap((name, index): Header[] => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
}

/** The headers that a proxy passes on. */
export function endToEndHeaders(message: IncomingMessage): Header[] {
  return headersOf(message).filter(([name]) => !hopByHop.has(name.toLowerCase()));
}

/** Headers with the client's address, protocol and host for the pod, as ingress-nginx sets them. The client's own values are dropped. */
export function forwardedHeaders(incoming: IncomingMessage): OutgoingHttpHeaders {
  const client = incoming.socket.remoteAddress ?? "";
  return {
    "x-real-ip": client,
    "x-forwarded-for": client,
    "x-forwarded-host": incoming.headers.host ?? "",
    "x-forwarded-proto": "http",
  };
}

/** The head of a response as text, for sockets that node:http no longer manages. */
export function responseHead(status: number, headers: readonly Header[]): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", ""].join("\r\n");
}
