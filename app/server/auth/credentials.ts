import type { IncomingHttpHeaders } from "node:http";
import { TOKEN_SUBPROTOCOL_PREFIX } from "../../protocol/frames";

/** The part of an upgrade request that holds credentials. */
export interface CredentialsRequest {
  /** The request target, path and query. */
  readonly url?: string | undefined;
  readonly headers: Pick<IncomingHttpHeaders, "authorization" | "sec-websocket-protocol">;
}

/**
 * The credentials of an upgrade request: at most one token, or the reason why the request is refused (400). The reason is safe to
 * send to the client.
 */
export type Credentials =
  { readonly ok: true; readonly token?: string } | { readonly ok: false; readonly reason: string };

/**
 * Query keys under which people send tokens. A token there is refused, because URLs end up in access logs, proxies and browser
 * histories.
 */
const tokenKeys: ReadonlySet<string> = new Set(["token", "access_token", "jwt", "authorization"]);

/** RFC 6750 section 2.1: the syntax of a Bearer token. */
const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Reads the token of an upgrade request: `Authorization: Bearer …`, or for browsers, which cannot set headers, the subprotocol
 * `holdfast.token.<jwt>`. A request without a token is valid here: its `hello` may carry one.
 */
export function readCredentials(request: CredentialsRequest): Credentials {
  const key = tokenKeyOf(request.url ?? "");
  if (key !== undefined) {
    return refused(
      `a token in the URL (${key}) is refused: send it as Authorization: Bearer, as the subprotocol ${TOKEN_SUBPROTOCOL_PREFIX}<jwt>, or in hello`,
    );
  }
  const authorization = request.headers.authorization ?? "";
  const fromHeader = bearer.exec(authorization)?.[1];
  // Another scheme is not for this server (an edge may ask for Basic), so it is ignored. A malformed Bearer header is an error.
  if (fromHeader === undefined && /^Bearer\b/i.test(authorization)) {
    return refused("the Authorization header must be Bearer, a space, and the token");
  }
  const tokens = new Set(subprotocolTokens(request.headers["sec-websocket-protocol"] ?? ""));
  if (fromHeader !== undefined) tokens.add(fromHeader);
  if (tokens.size > 1) return refused("the request carries several different tokens: send one");

  const [token] = tokens;
  return token === undefined ? { ok: true } : { ok: true, token };
}

function refused(reason: string): Credentials {
  return { ok: false, reason };
}

function tokenKeyOf(url: string): string | undefined {
  const query = url.indexOf("?");
  if (query === -1) return undefined;
  const keys = [...new URLSearchParams(url.slice(query)).keys()].map((key) => key.toLowerCase());
  return keys.find((key) => tokenKeys.has(key));
}

function subprotocolTokens(header: string): string[] {
  return header
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name.startsWith(TOKEN_SUBPROTOCOL_PREFIX) && name !== TOKEN_SUBPROTOCOL_PREFIX)
    .map((name) => name.slice(TOKEN_SUBPROTOCOL_PREFIX.length));
}
