import type { IncomingMessage } from "node:http";

type UpgradeRequest = Pick<IncomingMessage, "method" | "httpVersion" | "headers" | "rawHeaders">;

/** The nonce of a handshake: 16 bytes in base64 (RFC 6455 section 4.1). */
const nonce = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Checks the opening handshake by RFC 6455 section 4.2.1 and RFC 9112: GET, HTTP/1.1, exactly one Host, no body, and the
 * WebSocket headers. Node.js checks none of this for an upgrade. A request that two servers on the path could read differently is
 * refused. Returns the problem, for the 400 answer, or undefined for a valid request.
 */
export function malformedUpgrade(request: UpgradeRequest): string | undefined {
  const { method, httpVersion, headers, rawHeaders } = request;
  if (method !== "GET") return `an upgrade request must be GET, found ${method ?? "nothing"}`;
  if (httpVersion !== "1.1") return `an upgrade request must be HTTP/1.1, found ${httpVersion}`;
  const hosts = countOf("host", rawHeaders);
  if (hosts !== 1 || headers.host === "") {
    return `an upgrade request must have exactly one Host header with a value, found ${hosts}`;
  }
  if (headers["transfer-encoding"] !== undefined) return "an upgrade request must not have a body";
  if (countOf("content-length", rawHeaders) > 0 && headers["content-length"] !== "0") {
    return "an upgrade request must not have a body";
  }
  if (headers.upgrade?.toLowerCase() !== "websocket") return "the Upgrade header must be websocket";
  if (countOf("sec-websocket-key", rawHeaders) !== 1 || !nonce.test(headers["sec-websocket-key"] ?? "")) {
    return "the Sec-WebSocket-Key header must be 16 bytes in base64";
  }
  if (headers["sec-websocket-version"] !== "13") {
    return "the Sec-WebSocket-Version header must be 13";
  }
  return undefined;
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  return rawHeaders.filter((header, index) => index % 2 === 0 && header.toLowerCase() === name).length;
}
