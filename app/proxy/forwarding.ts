import type { IncomingHttpHeaders } from "node:http";
import type { IsTrusted } from "./trusted-hops";

/**
 * Which headers of a client's upgrade request the service sees, and which of the service's answer the client sees. Pure.
 */

/** Names one client's socket to the service: the same each time that the service is dialled for it. */
const sessionHeader = "x-holdfast-session";

/** How often the service was dialled again for this socket: 0 the first time. */
export const redialHeader = "x-holdfast-redials";

/** Whom the proxy has verified; only where it checks tokens itself. */
const userHeader = "x-holdfast-user";

/** RFC 9110 section 7.6.1: of one connection, not of the request. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "expect", // this proxy has answered it
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What proxies say of the client, by whatever name the common ones use. */
const forwarded =
  /^(forwarded|x-forwarded-.*|x-original-forwarded-for|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip|fastly-client-ip|x-envoy-external-address)$/;

/**
 * Servers that hand headers on as variables (CGI, WSGI, PHP) write `-` as `_`, so `X_Holdfast_User` would be
 * `X-Holdfast-User` to them. Names with anything else than this are dropped.
 */
const plainName = /^[a-z0-9-]+$/;

/** Ours alone: from a client it would be a lie. */
const ours = "x-holdfast-";

/** The handshake is made anew on each socket, and without extensions. The subprotocols are given apart. */
const handshake = "sec-websocket-";

export interface ForwardedRequest {
  readonly headers: IncomingHttpHeaders;
  /** Of the peer: the client, or the last proxy before the proxy. */
  readonly peer: string;
  readonly isTrusted: IsTrusted;
  /** Of one client's socket; a plain request has none. */
  readonly session?: string | undefined;
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
      !plainName.test(name) ||
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
    ...(session !== undefined && { [sessionHeader]: session }),
    ...(user !== undefined && { [userHeader]: encodeURIComponent(user) }),
  };
}

/** The headers of the service's answer to an upgrade that the client gets with its own, as lines. */
export function answerHeaders(raw: readonly string[]): string[] {
  const passed = passedHeaders(raw, ["content-length"]);
  return passed.flatMap((name, i) =>
    i % 2 === 0 && !name.toLowerCase().startsWith(handshake) ? [`${name}: ${passed[i + 1] ?? ""}`] : [],
  );
}

/**
 * The headers of an answer that are not of its connection; name and value in turn, as in `rawHeaders`.
 *
 * @param without further names that are dropped, lower-case
 */
export function passedHeaders(raw: readonly string[], without: readonly string[] = []): string[] {
  const listed = raw.flatMap((name, i) =>
    i % 2 === 0 && name.toLowerCase() === "connection" ? (raw[i + 1] ?? "").split(",") : [],
  );
  const dropped = new Set([...without, ...listed.map((name) => name.trim().toLowerCase())]);
  return raw.flatMap((name, i) => {
    const lower = name.toLowerCase();
    return i % 2 === 1 || dropped.has(lower) || hopByHop.has(lower) ? [] : [name, raw[i + 1] ?? ""];
  });
}
