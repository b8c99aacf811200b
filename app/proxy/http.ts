import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { SUBPROTOCOL } from "../protocol/frames";
import { httpOptions } from "../runtime/http-options";
import { refuseUpgrade } from "../runtime/refuse-upgrade";
import { closeMs } from "../server/drain";
import type { Health } from "../server/health";
import { answer, refuse, roomOf } from "../server/http";
import { createAdmission, Refusal, type Passable } from "./admission";
import { RefusedError, UnreachableError, type Upstream, type UpstreamRequest } from "./dialer";
import { answerHeaders } from "./forwarding";
import { ProxiedHoldfastClient } from "./holdfast/holdfast-client";
import { ProxiedPlainClient } from "./holdfast/plain-client";
import { HttpForwarder, type HttpRouter } from "./http-forwarder";
import type { Admitted, ProxyContext } from "./proxied-connection";
import { Polling, type EngineTarget } from "./socket-io/polling";
import { ProxiedSocketIo } from "./socket-io/proxied-socket-io";
import type { SocketIoSession } from "./socket-io/session";
import { ProxiedPipe } from "./websocket/proxied-pipe";

/** The longest time from the first byte of a forwarded request to the last byte of its body. Milliseconds. */
const uploadMs = 120_000;

/** The HTTP server: probes, and upgrades, which the proxy accepts once a pod has accepted them. */
export function createHttpServer(context: ProxyContext, health: Health): Server {
  const { config, metrics, connections } = context;
  const admission = createAdmission(config, health);
  const polling = config.PROXY_MODE === "socket.io" ? new Polling(context) : undefined;
  const forwards = config.FORWARD_HTTP || polling !== undefined;
  const route: HttpRouter | undefined = polling && ((request, passable) => polling.route(request, passable));
  const forwarder = forwards ? new HttpForwarder(context, admission, health, route) : undefined;
  /** The number of upgrades that wait for a pod. */
  let dialling = 0;
  const isFull = () => connections.size + dialling + (forwarder?.active ?? 0) >= config.MAX_CONNECTIONS;
  const server = createServer(
    { ...httpOptions, ...(forwards && { requestTimeout: uploadMs }) },
    (request, response) => {
      if (forwarder && !isProbe(request)) forwarder.handle(request, response, isFull());
      else answer(request, response, health);
    },
  );
  server.on("close", () => {
    forwarder?.stop();
    polling?.stop();
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: config.MAX_PAYLOAD_BYTES,
    maxFragments: 128,
    perMessageDeflate: false,
    clientTracking: false,
    ...{ closeTimeout: closeMs }, // supported since ws 8.19; @types/ws does not have it yet
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

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isFull())
      throw new Refusal(503, "too_many_connections", "this proxy has all the sockets it may have");
    dialling += 1;
    let upstream: Upstream;
    let passable: Passable;
    let engine: EngineTarget | undefined;
    try {
      passable = await admission.upgrade(request);
      engine = await polling?.target(passable.request.path);
      if (engine) passable = { ...passable, request: { ...passable.request, path: engine.path } };
      upstream = await firstUpstream(context, passable.request, socket, engine?.address);
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
      const admitted = { ...passable, ws, stream: socket, first: upstream };
      if (engine) holdSocketIo(context, admitted, engine, (session) => polling?.upgraded(session));
      else hold(context, admitted, request);
    });
    if (!outcome.proxied) upstream.ws.terminate(); // ws has refused a malformed handshake
  };

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", destroy); // ws handles errors once the request is admitted
    accept(request, socket, head).catch((error: unknown) => {
      if (error instanceof RefusedError) {
        metrics.refused.inc({ reason: "upstream" });
        passOn(socket, error);
      } else if (error instanceof Refusal) {
        metrics.refused.inc({ reason: error.reason });
        refuse(socket, error, context);
      } else if (error instanceof TypeError || error instanceof SyntaxError) {
        // Node.js or ws cannot write this answer; any other error here is unexpected and must be logged too.
        context.log.warn({ err: error }, "upgrade");
        metrics.refused.inc({ reason: "malformed" });
        refuse(socket, new Refusal(400, "malformed", "this request cannot be forwarded"), context);
      } else {
        context.log.error({ err: error }, "upgrade");
        socket.destroy();
      }
    });
  });
  return server;
}

/** Probes are for the proxy itself, even if everything else is forwarded. */
function isProbe({ url = "" }: IncomingMessage): boolean {
  return ["/livez", "/readyz", "/startupz"].includes(url.split("?", 1)[0] ?? "");
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** Later upstreams get only the subprotocol that was chosen. */
function withChosenProtocol(admitted: Admitted): Admitted {
  const { protocol } = admitted.ws;
  return { ...admitted, request: { ...admitted.request, protocols: protocol === "" ? [] : [protocol] } };
}

function holdSocketIo(
  context: ProxyContext,
  admitted: Admitted,
  { isUpgrade, session }: EngineTarget,
  onUpgraded: (session: SocketIoSession) => void,
): void {
  new ProxiedSocketIo(context, withChosenProtocol(admitted), { isUpgrade, session, onUpgraded });
}

function hold(context: ProxyContext, admitted: Admitted, { url = "" }: IncomingMessage): void {
  const { PROXY_MODE, SERVICE_PATH } = context.config;
  if (PROXY_MODE === "at-most-once" || PROXY_MODE === "at-least-once") {
    new ProxiedPipe(context, withChosenProtocol(admitted), PROXY_MODE);
  } else if (admitted.ws.protocol === SUBPROTOCOL) {
    new ProxiedHoldfastClient(context, admitted);
  } else {
    new ProxiedPlainClient(context, admitted, roomOf(url, SERVICE_PATH) ?? "");
  }
}

/** Dials the service's pods, each once, for a client that is not accepted yet. */
async function firstUpstream(
  { dialer, config }: ProxyContext,
  request: UpstreamRequest,
  client: Duplex,
  only: string | undefined,
): Promise<Upstream> {
  try {
    return await dialer.dial(request, 0, only);
  } catch (error) {
    if (client.destroyed || !(error instanceof UnreachableError)) throw error;
    throw new Refusal(503, "unreachable", `${config.SERVICE_NAME} has no pod that answers`);
  }
}

/** Passes on the service's own answer unchanged. */
function passOn(socket: Duplex, { status, rawHeaders, body }: RefusedError): void {
  refuseUpgrade(socket, { status, headers: answerHeaders(rawHeaders), body });
}
