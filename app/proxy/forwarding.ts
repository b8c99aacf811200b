import type { IncomingHttpHeaders } from "node:http";
import type { IsTrusted } from "./trusted-hops";

/**
 * Which headers of a client's upgrade request the service sees, and which of the service's answer the client sees. Pure.
 */

/** Names one client's socket to the service: the same each time that the service is dialled for it. */
export const sessionHeader = "x-holdfast-session";

/** How often the service was dialled again for this socket: 0 the first time. */
export const redialHeader = "x-holdfast-redials";

/** Whom the proxy has verified; only where it checks tokens itself. */
export const userHeader = "x-holdfast-user";

/** RFC 9110 section 7.6.1: of one connection, not of the request. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What a proxy says of the client. */
const forwarded = /^(forwarded|x-real-ip|x-forwarded-.*)$/;

/** Ours alone: from a client it would be a lie. */
const ours = "x-holdfast-";

/** The handshake is made anew on each socket, and without extensions. The subprotocols are given apart. */
const handshake = "sec-websocket-";

export interface ForwardedRequest {
  readonly headers: IncomingHttpHeaders;
  /** Of the peer: the client, or the last proxy before the proxy. */
  readonly peer: string;
  readonly isTrusted: IsTrusted;
  readonly session: string;
  readonly user?: string | undefined;
}

/** The headers with which the service is dialled, Host, Origin, Authorization and cookies included. */
export function upstreamHeaders(request: ForwardedRequest): Record<string, string> {
  const { headers, peer, session, user } = request;
  const trusted = request.isTrusted(peer);
  const listed = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const dropped =
      value === undefined ||
      hopByHop.has(name) ||
      listed.includes(name) ||
      name.startsWith(handshake) ||
      name.startsWith(ours) ||
      (!trusted && forwarded.test(name));
    return dropped ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]];
  });
  const before = trusted ? headers["x-forwarded-for"] : undefined;
  return {
    ...Object.fromEntries(kept),
    "x-forwarded-for": before === undefined ? peer : `${String(before)}, ${peer}`,
    [sessionHeader]: session,
    ...(user !== undefined && { [userHeader]: encodeURIComponent(user) }),
  };
}

/** The headers of the service's answer that the client gets with its own, as lines. */
export function answerHeaders(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || lower.startsWith(handshake) || lower === "content-length") continue;
    lines.push(`${name}: ${raw[i + 1] ?? ""}`);
  }
  return lines;
}
