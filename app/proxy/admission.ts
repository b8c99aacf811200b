import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/frames";
import { malformedUpgrade } from "../runtime/upgrade-request";
import { AuthError } from "../server/auth/auth-error";
import { createAuthenticator } from "../server/auth/authenticator";
import type { Identity } from "../server/auth/identity";
import { readCredentials } from "../server/auth/credentials";
import { isOriginAllowed } from "../server/auth/origin";
import type { Health } from "../server/health";
import { roomOf } from "../server/http";
import type { ProxyConfig } from "./config";
import type { UpstreamRequest } from "./dialer";
import { upstreamHeaders } from "./forwarding";
import { isBelow, targetIssue } from "./request-target";
import { plainAddress, trustedHops } from "./trusted-hops";

export const plainText = "text/plain; charset=utf-8";

/** The reason why the proxy itself refuses a request, before it asks a pod. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 502 | 503 | 504,
    /** The metric's label. */
    readonly reason: string,
    message: string,
    readonly contentType = plainText,
  ) {
    super(message);
  }
}

/** A request that may be forwarded. */
export interface Passable {
  readonly request: UpstreamRequest;
  /** When its token expires; Unix milliseconds. */
  readonly expiresAt: number | undefined;
}

export interface Admission {
  upgrade(request: IncomingMessage): Promise<Passable>;
  http(request: IncomingMessage): Promise<Passable>;
}

/** RFC 9110 section 5.6.2: the characters in the name of a subprotocol. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Checks requests by everything that needs no pod, in the same order as a pod would. Rejects with {@link Refusal}. */
export function createAdmission(config: ProxyConfig, health: Health): Admission {
  const isTrusted = trustedHops(config.TRUSTED_HOPS);
  const { AUTH_MODE, SERVICE_PATH } = config;
  const holdfast = config.PROXY_MODE === "holdfast";
  const authenticator = AUTH_MODE === "jwt" ? createAuthenticator({ ...config, AUTH_MODE }) : undefined;

  /** Checks that apply to every request. */
  const checkTarget = ({ url = "", rawHeaders }: IncomingMessage) => {
    const issue = targetIssue(url);
    if (issue !== undefined) throw new Refusal(400, "path", issue);
    if (!holdfast && !isBelow(url, SERVICE_PATH))
      throw new Refusal(400, "path", `this service is at ${SERVICE_PATH}, and nothing else is here`);
    const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length;
    if (hosts !== 1)
      throw new Refusal(400, "malformed", `a request must have one Host header, found ${hosts}`);
  };
  const checkOrigin = ({ headers }: IncomingMessage) => {
    if (config.ALLOWED_ORIGINS.length > 0 && !isOriginAllowed(headers.origin, config.ALLOWED_ORIGINS))
      throw new Refusal(403, "origin", "this Origin is not allowed");
  };
  const authenticate = async (request: IncomingMessage, optional: boolean): Promise<Identity | undefined> => {
    if (!authenticator) return undefined;
    const credentials = readCredentials(request);
    if (!credentials.ok) throw new Refusal(400, "credentials", credentials.reason);
    if (credentials.token === undefined && optional) return undefined;
    return authenticator.authenticate(credentials.token, "").catch((error: unknown) => {
      if (!(error instanceof AuthError)) throw error;
      throw error.retryable
        ? new Refusal(503, "auth_unavailable", error.message)
        : new Refusal(401, "unauthorized", error.message);
    });
  };
  const headersOf = (request: IncomingMessage, identity: Identity | undefined, session?: string) =>
    upstreamHeaders({
      headers: request.headers,
      peer: plainAddress(request.socket.remoteAddress ?? ""),
      isTrusted,
      session,
      user: identity?.user,
    });

  return {
    async upgrade(request) {
      const { url = "", headers } = request;
      const malformed = malformedUpgrade(request);
      if (malformed !== undefined) throw new Refusal(400, "malformed", malformed);
      checkTarget(request);
      if (health.refusing) throw new Refusal(503, "draining", "this proxy takes no new sockets");
      const offered = (headers["sec-websocket-protocol"] ?? "")
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
      if (!offered.every((name) => token.test(name)))
        throw new Refusal(400, "subprotocol", "Sec-WebSocket-Protocol must be a list of names");
      const tokens = offered.filter((name) => name.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
      const speaksHoldfast = offered.includes(SUBPROTOCOL);
      if (holdfast) {
        if (roomOf(url, SERVICE_PATH) === undefined)
          throw new Refusal(404, "path", `sockets are at ${SERVICE_PATH}/chat/{room_id}`);
        if (!speaksHoldfast && offered.length > tokens.length) {
          const spoken = `${SUBPROTOCOL}, or plain text without a subprotocol`;
          throw new Refusal(400, "subprotocol", `this service speaks ${spoken}`);
        }
      }
      checkOrigin(request);
      // A client that sends a hello may send its token there, to the pod.
      const identity = await authenticate(request, holdfast && speaksHoldfast);
      const protocols = holdfast ? [SUBPROTOCOL, ...tokens] : [...new Set(offered)];
      const session = randomBytes(16).toString("base64url");
      return {
        request: { path: url, protocols, headers: headersOf(request, identity, session) },
        expiresAt: identity?.expiresAt,
      };
    },

    async http(request) {
      const { method = "", url = "", headers } = request;
      checkTarget(request);
      if (method === "TRACE") throw new Refusal(405, "method", "TRACE is not forwarded");
      checkOrigin(request);
      // A browser asks first, without a token, whether it may send one (Fetch standard, CORS-preflight request).
      const preflight = method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
      const identity = preflight ? undefined : await authenticate(request, false);
      return {
        request: { path: url, protocols: [], headers: headersOf(request, identity) },
        expiresAt: identity?.expiresAt,
      };
    },
  };
}
