import type { IncomingHttpHeaders } from "node:http";
import type { IsTrusted } from "./trusted-hops";

/**
 * Which headers of a client's upgrade request the service gets, and which headers of the service's answer the client gets. Pure.
 */

/** Identifies one client's socket to the service: the same value each time the service is dialled for it. */
const sessionHeader = "x-holdfast-session";

/** How often the service was dialled again for this socket; 0 the first time. */
export const redialHeader = "x-holdfast-redials";

/** The user that the proxy has verified. Sent only if the proxy itself checks tokens. */
const userHeader = "x-holdfast-user";

/** RFC 9110 section 7.6.1: headers that belong to one connection, not to the request. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "expect", // the proxy has already answered it
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers in which proxies describe the client, by the names that common proxies use. */
const forwarded =
  /^(forwarded|x-forwarded-.*|x-original-forwarded-for|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip|fastly-client-ip|x-envoy-external-address)$/;

/**
 * Servers that pass headers on as variables (CGI, WSGI, PHP) convert `-` to `_`, so they would read `X_Holdfast_User` as
 * `X-Holdfast-User`. Headers with other characters than these are dropped.
 */
const plainName = /^[a-z0-9-]+$/;

/** Only the proxy sets these headers. They are dropped from a client's request, because they could be forged. */
const ours = "x-holdfast-";

/** Each socket has its own handshake, without extensions. Subprotocols are passed separately. */
const handshake = "sec-websocket-";

export interface ForwardedRequest {
  readonly headers: IncomingHttpHeaders;
  /** The address of the peer: the client, or the last proxy before this one. */
  readonly peer: string;
  readonly isTrusted: IsTrusted;
  /** The id of one client's socket; a plain request has none. */
  readonly session?: string | undefined;
  readonly user?: string | undefined;
}

/** The headers with which the service is dialled, including Host, Origin, Authorization and cookies. */
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

/** The headers of the service's answer to an upgrade that the proxy adds to its own answer, as lines. */
export function answerHeaders(raw: readonly string[]): string[] {
  const passed = passedHeaders(raw, ["content-length"]);
  return passed.flatMap((name, i) =>
    i % 2 === 0 && !name.toLowerCase().startsWith(handshake) ? [`${name}: ${passed[i + 1] ?? ""}`] : [],
  );
}

/**
 * The headers of an answer that do not belong to its connection; names and values in turn, as in `rawHeaders`.
 *
 * @param without further names to drop, in lower case
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
