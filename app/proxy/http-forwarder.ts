import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline, type Transform } from "node:stream";
import type { Health } from "../server/health";
import { plainText, Refusal, type Admission, type Passable } from "./admission";
import type { Lease } from "./endpoints";
import { passedHeaders } from "./forwarding";
import type { ProxyContext } from "./proxied-connection";

/**
 * Between two bytes of a pod's answer, and until its first: more than the interval of a long poll, which is 25 s with
 * Socket.IO unless configured. Also how long a client may read nothing of an answer. Milliseconds.
 */
const responseIdleMs = 120_000;

/** Where a request goes, and who looks at what passes. */
export interface HttpRoute {
  /** Path and query, as the pod gets them. */
  readonly path: string;
  /** The only pod that can serve it; any, where undefined. */
  readonly address?: string | undefined;
  /** What the client is told where that one does not answer. */
  readonly unreachable?: Refusal;
  /** Headers of the client's that are not sent, lower-case. */
  readonly without?: readonly string[];
  /** Sees each part of the client's body as it passes. */
  readonly onRequestBody?: (chunk: Buffer) => void;
  /** The client's body has passed as a whole. */
  readonly onRequestEnd?: () => void;
  /** A pod answers: what its body passes through. Undefined where it passes as it is. */
  readonly onResponse?: (answer: Answer) => AnswerFilter | undefined;
}

/** What a pod answered, before its body. */
export interface Answer {
  readonly address: string;
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
}

export interface AnswerFilter {
  readonly stream: Transform;
  /** The body's length changes. */
  readonly resizes: boolean;
}

/** The path that a request takes; rejects with {@link Refusal}. */
export type HttpRouter = (request: IncomingMessage, passable: Passable) => Promise<HttpRoute>;

/** One pod could not be asked. */
class AttemptError extends Error {
  constructor(
    readonly status: 502 | 503 | 504,
    /** The pod has seen nothing of the request. */
    readonly repeatable: boolean,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Passes plain HTTP requests on to a pod: bodies stream both ways, so a request costs a few buffers however large it is,
 * and a side that stands still is given up. A pod that cannot be connected to is passed over for the next.
 */
export class HttpForwarder {
  /** Requests under way. */
  active = 0;
  readonly #context: ProxyContext;
  readonly #admission: Admission;
  readonly #health: Health;
  readonly #route: HttpRouter;
  /** Of requests without a body: one that meets a connection which the pod is closing can be sent again. */
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: responseIdleMs });

  constructor(context: ProxyContext, admission: Admission, health: Health, route?: HttpRouter) {
    this.#context = context;
    this.#admission = admission;
    this.#health = health;
    this.#route = route ?? ((_request, { request }) => Promise.resolve({ path: request.path }));
  }

  /** @param full whether this proxy has all that it may have */
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
    request.on("error", () => undefined); // the response's close tells
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
    // An edge that keeps its connection would send the next request here as well.
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

  /** Asks one pod after the other, until one has taken the request. */
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
      // A connection that was kept may be gone on the other side: a new one decides.
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
      outgoing.once("upgrade", (_answer, socket) => socket.destroy()); // not asked for
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

/** RFC 9112 section 6: a request has a body where one of these says so. */
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
    connection: "close", // what is left of a body is not read
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(status === 503 && { "retry-after": "1" }),
  });
  response.end(body);
}
