import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/frames";
import { isRoomId } from "../protocol/parse";
import { httpOptions } from "../runtime/http-options";
import { refuseUpgrade } from "../runtime/refuse-upgrade";
import { malformedUpgrade } from "../runtime/upgrade-request";
import { AuthError } from "./auth/auth-error";
import type { Identity } from "./auth/identity";
import type { AppConfig } from "./config";
import { readCredentials } from "./auth/credentials";
import { isOriginAllowed } from "./auth/origin";
import type { ConnectionContext, UpgradeInfo } from "./connection/connection";
import { HoldfastConnection } from "./connection/holdfast-connection";
import { PlainConnection } from "./connection/plain-connection";
import { Transport } from "./connection/transport";
import { closeMs } from "./drain";
import { closeCodes } from "../protocol/close-codes";
import type { Health } from "./health";
import type { RefusalReason } from "./metrics";
import type { Page } from "./page";

/** The Retry-After of a refused upgrade. Seconds. */
const retryAfterSeconds = 1;

/** Why an upgrade is refused: the status, and the reason for the metric and for the client. */
interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 503;
  /** The metric's label. */
  readonly reason: RefusalReason;
  readonly message: string;
}

/** The HTTP server: probes, the page if it is served, and upgrades to WebSocket connections. */
export function createHttpServer(context: ConnectionContext, health: Health, page?: Page): Server {
  const { config, metrics } = context;
  const server = createServer(httpOptions, (request, response) => {
    if (page?.answer(request, response) !== true) answer(request, response, health);
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: config.MAX_PAYLOAD_BYTES,
    maxFragments: 128,
    perMessageDeflate: false,
    clientTracking: false,
    ...{ closeTimeout: closeMs }, // supported since ws 8.19; @types/ws does not have it yet
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  sockets.on("headers", (headers, request) => {
    headers.push(`X-Holdfast-Pod: ${config.POD_NAME}`);
    // The cookie would lead a client that was asked to move back to this pod: expires it, so that the edge chooses a pod for the
    // next attempt.
    if (context.rebalancer?.isMoving === true && hasCookie(request, config.AFFINITY_COOKIE_NAME))
      headers.push(expiredCookie(config));
  });

  const accept = (request: IncomingMessage, socket: Duplex, head: Buffer, info: UpgradeInfo) => {
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const transport = new Transport(ws, socket, config.MAX_BUFFERED_BYTES, () => {
        metrics.slowConsumers.inc();
        connection.close(closeCodes.slowConsumer, "reads too slowly; resume to get the rest");
      });
      const connection =
        ws.protocol === SUBPROTOCOL
          ? new HoldfastConnection(context, transport, ws, info)
          : new PlainConnection(context, transport, ws, info);
      if (connection instanceof PlainConnection) void connection.start();
    });
  };

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const onError = () => socket.destroy();
    socket.on("error", onError); // ws handles errors once the request is admitted
    admit(request, context, health).then(
      (admitted) => {
        if (socket.destroyed) return;
        // Counted in the same turn as the upgrade itself, so that no other upgrade comes in between.
        const outcome =
          context.connections.isFull && !("status" in admitted)
            ? refusal(503, "too_many_connections", "this pod has all the sockets it may have")
            : admitted;
        if ("status" in outcome) {
          metrics.refused(outcome.reason);
          refuse(socket, outcome, context);
          return;
        }
        socket.off("error", onError);
        accept(request, socket, head, outcome);
      },
      (error: unknown) => {
        context.log.error({ err: error }, "upgrade");
        socket.destroy();
      },
    );
  });
  return server;
}

/** Answers the probes. Plain HTTP serves nothing else. */
export function answer(request: IncomingMessage, response: ServerResponse, health: Health): void {
  const path = request.url?.split("?", 1)[0];
  const probe = { "/livez": true, "/startupz": health.started, "/readyz": health.isReady() }[path ?? ""];
  const status = probe === undefined ? 404 : probe ? 200 : 503;
  response.writeHead(status, { "content-type": "text/plain", "cache-control": "no-store" });
  response.end(`${probe === undefined ? "not found" : health.phase}\n`);
}

/** Checks an upgrade request: the first reason to refuse it wins. */
async function admit(
  request: IncomingMessage,
  context: ConnectionContext,
  health: Health,
): Promise<UpgradeInfo | Refusal> {
  const { config, authenticator } = context;
  const malformed = malformedUpgrade(request);
  if (malformed !== undefined) return refusal(400, "malformed", malformed);
  const room = roomOf(request.url ?? "", config.SERVICE_PATH);
  if (room === undefined) {
    return refusal(
      404,
      "path",
      `sockets are at ${config.SERVICE_PATH}/chat/{room_id}, a room id is A-Z a-z 0-9 _ . : -`,
    );
  }
  const credentials = readCredentials(request);
  if (!credentials.ok) return refusal(400, "credentials", credentials.reason);
  const offered = (request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  const plain = offered.length === 0;
  if (!plain && !offered.includes(SUBPROTOCOL)) {
    return refusal(
      400,
      "subprotocol",
      `this server speaks ${SUBPROTOCOL}, or plain text without a subprotocol`,
    );
  }
  if (health.refusing) return refusal(503, "draining", "this pod takes no new sockets");
  if (!isOriginAllowed(request.headers.origin, config.ALLOWED_ORIGINS)) {
    return refusal(403, "origin", "this Origin is not allowed");
  }
  let identity: Identity | undefined;
  // A token in the upgrade is checked at the upgrade; otherwise the `hello` may carry one.
  if (config.AUTH_MODE === "jwt" && (credentials.token !== undefined || plain)) {
    try {
      identity = await authenticator.authenticate(credentials.token, "");
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return error.retryable
        ? refusal(503, "auth_unavailable", error.message)
        : refusal(401, "unauthorized", error.message);
    }
  }
  return { room, identity };
}

/** The room in a path; undefined if it is not a path for sockets. */
export function roomOf(url: string, servicePath: string): string | undefined {
  const path = url.split("?", 1)[0] ?? "";
  const prefix = `${servicePath}/chat/`;
  if (!path.startsWith(prefix)) return undefined;
  const room = path.slice(prefix.length);
  return isRoomId(room) ? room : undefined;
}

function refusal(status: Refusal["status"], reason: Refusal["reason"], message: string): Refusal {
  return { status, reason, message };
}

/**
 * Answers in plain HTTP and ends the socket. A pod that drains or is full also expires the affinity cookie, so that the edge
 * chooses a pod for the client's next attempt, even an edge that honours the cookie of a terminating pod.
 */
export function refuse(
  socket: Duplex,
  { status, message, reason }: { status: number; message: string; reason: string },
  { config }: { readonly config: CookieConfig },
): void {
  const headers = ["Content-Type: text/plain; charset=utf-8"];
  if (status === 401) headers.push("WWW-Authenticate: Bearer");
  if (reason === "malformed") headers.push("Sec-WebSocket-Version: 13"); // RFC 6455 section 4.4
  if (status === 503) headers.push(`Retry-After: ${retryAfterSeconds}`);
  const mayDoElsewhere = reason === "draining" || reason === "too_many_connections";
  if (mayDoElsewhere && config.AFFINITY_COOKIE_NAME !== "") headers.push(expiredCookie(config));
  refuseUpgrade(socket, { status, headers, body: `${message}\n` });
}

type CookieConfig = Pick<
  AppConfig,
  "AFFINITY_COOKIE_NAME" | "AFFINITY_COOKIE_PATH" | "AFFINITY_COOKIE_CROSS_SITE"
>;

function expiredCookie(config: CookieConfig): string {
  const { AFFINITY_COOKIE_NAME, AFFINITY_COOKIE_PATH, AFFINITY_COOKIE_CROSS_SITE } = config;
  const site = AFFINITY_COOKIE_CROSS_SITE ? "; SameSite=None; Secure" : "";
  return `Set-Cookie: ${AFFINITY_COOKIE_NAME}=; Path=${AFFINITY_COOKIE_PATH}; Max-Age=0; HttpOnly${site}`;
}

function hasCookie({ headers }: IncomingMessage, name: string): boolean {
  return name !== "" && (headers.cookie ?? "").split(";").some((pair) => pair.trim().startsWith(`${name}=`));
}
