import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/frames";
import { httpOptions } from "../runtime/http-options";
import { refuseUpgrade } from "../runtime/refuse-upgrade";
import { malformedUpgrade } from "../runtime/upgrade-request";
import { AuthError } from "../server/auth/auth-error";
import { createAuthenticator, type Identity } from "../server/auth/authenticator";
import { readCredentials } from "../server/auth/credentials";
import { isOriginAllowed } from "../server/auth/origin";
import { closeMs } from "../server/drain";
import type { Health } from "../server/health";
import { answer, refuse, roomOf } from "../server/http";
import { RefusedError, UnreachableError, type Upstream, type UpstreamRequest } from "./dialer";
import { answerHeaders, upstreamHeaders } from "./forwarding";
import type { Admitted, ProxyContext } from "./proxied-connection";
import { ProxiedHoldfastClient } from "./holdfast/holdfast-client";
import { ProxiedPlainClient } from "./holdfast/plain-client";
import { plainAddress, trustedHops } from "./trusted-hops";
import { ProxiedPipe } from "./websocket/proxied-pipe";

/** Why an upgrade is refused here, before a pod is asked. */
class Refusal extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 502 | 503,
    /** The metric's label. */
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** An upgrade request that may be passed on. */
interface Passable {
  readonly request: UpstreamRequest;
  readonly expiresAt: number | undefined;
}

/** The HTTP side: probes, and upgrades that are accepted once a pod has accepted them. */
export function createHttpServer(context: ProxyContext, health: Health): Server {
  const { config, metrics, connections } = context;
  const admit = admission(context, health);
  const server = createServer(httpOptions, (request, response) => answer(request, response, health));
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: config.MAX_PAYLOAD_BYTES,
    maxFragments: 128,
    perMessageDeflate: false,
    clientTracking: false,
    ...{ closeTimeout: closeMs }, // since ws 8.19; @types/ws does not know it yet
    handleProtocols: (offered, { upstream }: IncomingMessage & { upstream?: Upstream }) =>
      (config.PROXY_MODE !== "holdfast" || offered.has(SUBPROTOCOL) ? upstream?.ws.protocol : undefined) ??
      false,
  });
  sockets.on("headers", (headers, { upstream }: IncomingMessage & { upstream?: Upstream }) => {
    headers.push(
      ...answerHeaders(upstream?.rawHeaders ?? []),
      `X-Holdfast-ConnectionProxy: ${config.POD_NAME}`,
    );
  });
  /** Upgrades that wait for a pod. */
  let dialling = 0;

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (connections.size + dialling >= config.MAX_CONNECTIONS)
      throw new Refusal(503, "too_many_connections", "this proxy has all the sockets it may have");
    dialling += 1;
    let upstream: Upstream;
    let passable: Passable;
    try {
      passable = await admit(request);
      upstream = await firstUpstream(context, passable.request, socket);
    } finally {
      dialling -= 1;
    }
    if (socket.destroyed) {
      upstream.ws.terminate();
      return;
    }
    socket.removeListener("error", destroy);
    const outcome = { proxied: false };
    sockets.handleUpgrade(Object.assign(request, { upstream }), socket, head, (ws) => {
      outcome.proxied = true;
      hold(context, { ...passable, ws, stream: socket, first: upstream }, request);
    });
    if (!outcome.proxied) upstream.ws.terminate(); // ws has refused a broken handshake
  };

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", destroy); // ws takes over once the request is admitted
    accept(request, socket, head).catch((error: unknown) => {
      if (error instanceof RefusedError) {
        metrics.refused.inc({ reason: "upstream" });
        passOn(socket, error);
      } else if (error instanceof Refusal) {
        metrics.refused.inc({ reason: error.reason });
        refuse(socket, error, context);
      } else {
        context.log.error({ err: error }, "upgrade");
        socket.destroy();
      }
    });
  });
  return server;
}

function destroy(this: Duplex): void {
  this.destroy();
}

function hold(context: ProxyContext, admitted: Admitted, { url = "" }: IncomingMessage): void {
  const { PROXY_MODE, SERVICE_PATH } = context.config;
  if (PROXY_MODE !== "holdfast") {
    const { protocol } = admitted.ws;
    // From now on only the one that was chosen is offered.
    const request = { ...admitted.request, protocols: protocol === "" ? [] : [protocol] };
    new ProxiedPipe(
      context,
      { ...admitted, request },
      PROXY_MODE === "at-least-once" ? PROXY_MODE : "at-most-once",
    );
  } else if (admitted.ws.protocol === SUBPROTOCOL) {
    new ProxiedHoldfastClient(context, admitted);
  } else {
    new ProxiedPlainClient(context, admitted, roomOf(url, SERVICE_PATH) ?? "");
  }
}

/** Judges an upgrade request by what needs no pod, one reason after the other, as a pod would. */
function admission(
  { config }: ProxyContext,
  health: Health,
): (request: IncomingMessage) => Promise<Passable> {
  const isTrusted = trustedHops(config.TRUSTED_HOPS);
  const { AUTH_MODE } = config;
  const authenticator = AUTH_MODE === "jwt" ? createAuthenticator({ ...config, AUTH_MODE }) : undefined;

  return async (request) => {
    const { url = "", headers } = request;
    const malformed = malformedUpgrade(request);
    if (malformed !== undefined) throw new Refusal(400, "malformed", malformed);
    if (health.refusing) throw new Refusal(503, "draining", "this proxy takes no new sockets");
    const offered = (headers["sec-websocket-protocol"] ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const tokens = offered.filter((name) => name.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
    const speaksHoldfast = offered.includes(SUBPROTOCOL);
    if (config.PROXY_MODE === "holdfast") {
      if (roomOf(url, config.SERVICE_PATH) === undefined)
        throw new Refusal(404, "path", `sockets are at ${config.SERVICE_PATH}/chat/{room_id}`);
      if (!speaksHoldfast && offered.length > tokens.length) {
        const spoken = `${SUBPROTOCOL}, or plain text without a subprotocol`;
        throw new Refusal(400, "subprotocol", `this service speaks ${spoken}`);
      }
    }
    if (config.ALLOWED_ORIGINS.length > 0 && !isOriginAllowed(headers.origin, config.ALLOWED_ORIGINS))
      throw new Refusal(403, "origin", "this Origin is not allowed");
    let identity: Identity | undefined;
    if (authenticator) {
      const credentials = readCredentials(request);
      if (!credentials.ok) throw new Refusal(400, "credentials", credentials.reason);
      // A client that says hello may bring its token there, to the pod.
      if (credentials.token !== undefined || !speaksHoldfast || config.PROXY_MODE !== "holdfast") {
        identity = await authenticator.authenticate(credentials.token, "").catch((error: unknown) => {
          if (!(error instanceof AuthError)) throw error;
          throw error.retryable
            ? new Refusal(503, "auth_unavailable", error.message)
            : new Refusal(401, "unauthorized", error.message);
        });
      }
    }
    return {
      request: {
        path: url,
        protocols: config.PROXY_MODE === "holdfast" ? [SUBPROTOCOL, ...tokens] : [...new Set(offered)],
        headers: upstreamHeaders({
          headers,
          peer: plainAddress(request.socket.remoteAddress ?? ""),
          isTrusted,
          session: randomBytes(16).toString("base64url"),
          user: identity?.user,
        }),
      },
      expiresAt: identity?.expiresAt,
    };
  };
}

/** Dials for a client that is not accepted yet, until its patience or ours ends. */
async function firstUpstream(
  { dialer, config }: ProxyContext,
  request: UpstreamRequest,
  client: Duplex,
): Promise<Upstream> {
  try {
    return await dialer.dial(request, 0);
  } catch (error) {
    if (client.destroyed || !(error instanceof UnreachableError)) throw error;
    throw new Refusal(503, "unreachable", `${config.SERVICE_NAME} has no pod that answers`);
  }
}

/** The service's own answer, as it was. */
function passOn(socket: Duplex, { status, rawHeaders, body }: RefusedError): void {
  refuseUpgrade(socket, { status, headers: answerHeaders(rawHeaders), body });
}
