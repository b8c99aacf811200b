import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline, type Transform } from "node:stream";
import type { Health } from "../server/health";
import { plainText, Refusal, type Admission, type Passable } from "./admission";
import type { Lease } from "./endpoints";
import { passedHeaders } from "./forwarding";
import type { ProxyContext } from "./proxied-connection";

/**
 * The longest pause before and within a pod's answer. It is longer than the interval of a long poll, 25 s with Socket.IO by
 * default. Also the longest time for which a client may read nothing of an answer. Milliseconds.
 */
const responseIdleMs = 120_000;

/** The pod and path for a request, and the observers of its bodies. */
export interface HttpRoute {
  /** Path and query for the pod. */
  readonly path: string;
  /** The only pod that can serve it; undefined for any pod. */
  readonly address?: string | undefined;
  /** The answer to the client if that pod does not answer. */
  readonly unreachable?: Refusal;
  /** Headers of the client that are not forwarded, in lower case. */
  readonly without?: readonly string[];
  /** Called for each part of the client's body. */
  readonly onRequestBody?: (chunk: Buffer) => void;
  /** Called once the whole body of the client has passed. */
  readonly onRequestEnd?: () => void;
  /** Called when a pod answers. Returns a filter for its body; undefined passes the body unchanged. */
  readonly onResponse?: (answer: Answer) => AnswerFilter | undefined;
}

/** A pod's answer, before its body. */
export interface Answer {
  readonly address: string;
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
}

export interface AnswerFilter {
  readonly stream: Transform;
  /** Whether the filter changes the length of the body. */
  readonly resizes: boolean;
}

/** Returns the route of a request; rejects with {@link Refusal}. */
export type HttpRouter = (request: IncomingMessage, passable: Passable) => Promise<HttpRoute>;

/** A request to one pod failed. */
class AttemptError extends Error {
  constructor(
    readonly status: 502 | 503 | 504,
    /** Whether the pod has seen nothing of the request. */
    readonly repeatable: boolean,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Forwards plain HTTP requests to a pod. Bodies are streamed in both directions, so a request needs only a few buffers, whatever
 * its size. A side that stalls is cut. If a pod cannot be reached, the next one is used.
 */
export class HttpForwarder {
  /** The number of requests in progress. */
  active = 0;
  readonly #context: ProxyContext;
  readonly #admission: Admission;
  readonly #health: Health;
  readonly #route: HttpRouter;
  /** For requests without a body: such a request can be sent again if it meets a connection that the pod is closing. */
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: responseIdleMs });

  constructor(context: ProxyContext, admission: Admission, health: Health, route?: HttpRouter) {
    this.#context = context;
    this.#admission = admission;
    this.#health = health;
    this.#route = route ?? ((_request, { request }) => Promise.resolve({ path: request.path }));
  }

  /** @param full whether this proxy has reached its maximum of connections */
  handle(request: IncomingMessage, response: ServerResponse, full: boolean): void {
    const { metrics, log } = this.#context;
    this.active += 1;
    metrics.httpActive.set(this.active);
    response.once("close", () => {
      this.active -= 1;
      metrics.httpActive.set(this.active);
      metrics.http.inc({
        status: response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : "none",
      });
    });
    request.on("error", () => undefined); // the close of the response reports it
    this.#forward(request, response, full).catch((error: unknown) => {
      if (!(error instanceof Refusal)) log.error({ err: error }, "request");
      refuseHttp(response, error instanceof Refusal ? error : new Refusal(502, "internal", "internal error"));
    });
  }

  stop(): void {
    this.#agent.destroy();
  }

  async #forward(request: IncomingMessage, response: ServerResponse, full: boolean): Promise<void> {
    if (full) throw new Refusal(503, "too_many_connections", "this proxy has all the requests it may have");
    const passable = await this.#admission.http(request);
    const route = await this.#route(request, passable);
    if (response.destroyed) return;
    const { answer, address } = await this.#ask(request, response, passable, route);
    const status = answer.statusCode ?? 502;
    const filter = route.onResponse?.({ address, status, headers: answer.headers });
    const headers = passedHeaders(answer.rawHeaders, filter?.resizes === true ? ["content-length"] : []);
    // Otherwise an edge that keeps its connection open would send the next request here too.
    if (this.#health.refusing) headers.push("Connection", "close");
    headers.push("X-Holdfast-ConnectionProxy", this.#context.config.POD_NAME);
    response.writeHead(status, answer.statusMessage, headers);
    response.flushHeaders();
    const done = (error: NodeJS.ErrnoException | null) => {
      if (error) response.destroy();
    };
    if (filter) pipeline(answer, filter.stream, response, done);
    else pipeline(answer, response, done);
  }

  /** Tries one pod after the other, until one has taken the request. */
  async #ask(
    request: IncomingMessage,
    response: ServerResponse,
    passable: Passable,
    route: HttpRoute,
  ): Promise<{ answer: IncomingMessage; address: string }> {
    const { endpoints } = this.#context.dialer;
    const { SERVICE_NAME } = this.#context.config;
    const tried = new Set<string>();
    let lease: Lease | undefined;
    response.once("close", () => lease?.release());
    for (;;) {
      lease =
        route.address === undefined
          ? await endpoints.take(tried).catch(() => undefined)
          : tried.size === 0
            ? endpoints.use(route.address)
            : undefined;
      if (!lease)
        throw route.unreachable ?? new Refusal(503, "unreachable", `${SERVICE_NAME} has no pod that answers`);
      const { address } = lease;
      // A kept connection may already be closed by the pod: a new connection decides.
      for (const fresh of [false, true]) {
        try {
          return { answer: await this.#attempt(address, request, response, passable, route, fresh), address };
        } catch (error) {
          if (!(error instanceof AttemptError) || response.destroyed) throw error;
          if (!error.repeatable) throw new Refusal(error.status, "upstream", error.message);
          if (fresh || error.status !== 502) break;
        }
      }
      lease.release();
      tried.add(address);
      endpoints.failed(address);
    }
  }

  #attempt(
    address: string,
    request: IncomingMessage,
    response: ServerResponse,
    { request: { headers } }: Passable,
    { path, without = [], onRequestBody, onRequestEnd }: HttpRoute,
    fresh: boolean,
  ): Promise<IncomingMessage> {
    const { CONNECT_TIMEOUT_MS, SERVICE_NAME } = this.#context.config;
    const { hostname, port } = new URL(`http://${address}`);
    const hasBody = bodyOf(request);
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        host: hostname.replace(/^\[|\]$/g, ""),
        port: port || 80,
        method: request.method,
        path,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !without.includes(name))),
        setHost: false,
        agent: hasBody || fresh ? false : this.#agent,
      });
      let connected = false;
      let late = false;
      const deadline = setTimeout(() => {
        late = true;
        outgoing.destroy();
      }, CONNECT_TIMEOUT_MS);
      const abort = () => outgoing.destroy();
      response.once("close", abort);
      const begin = () => {
        clearTimeout(deadline);
        connected = true;
        if (!hasBody) {
          outgoing.end();
          return;
        }
        if (onRequestBody) request.on("data", onRequestBody);
        if (onRequestEnd) request.on("end", onRequestEnd);
        request.pipe(outgoing);
      };
      outgoing.once("socket", (socket) => {
        if (socket.connecting) socket.once("connect", begin);
        else begin();
      });
      outgoing.setTimeout(responseIdleMs, () => {
        late = true;
        outgoing.destroy();
      });
      outgoing.once("response", (answer) => resolve(answer));
      outgoing.once("upgrade", (_answer, socket) => socket.destroy()); // the request did not ask for an upgrade
      outgoing.on("error", () => undefined);
      outgoing.once("close", () => {
        clearTimeout(deadline);
        response.off("close", abort);
        const reused = outgoing.reusedSocket && !hasBody && !late;
        const status = late ? 504 : reused ? 502 : connected ? 502 : 503;
        reject(new AttemptError(status, !connected || reused, `${SERVICE_NAME} did not answer`));
      });
    });
  }
}

/** RFC 9112 section 6: a request has a body if it has one of these headers. */
function bodyOf({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function refuseHttp(response: ServerResponse, { status, message, contentType }: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = contentType === plainText ? `${message}\n` : message;
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    connection: "close", // the rest of the request's body is not read
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(status === 503 && { "retry-after": "1" }),
  });
  response.end(body);
}
