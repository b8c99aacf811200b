import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { closeMs } from "../server/drain";
import { passedHeaders, redialHeader } from "./forwarding";
import type { Endpoints, Lease } from "./endpoints";

/** The request with which a proxied connection dials its service, each time. */
export interface UpstreamRequest {
  /** Path and query. */
  readonly path: string;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** An upgraded socket to a pod. {@link Upstream.ws} is paused until it has a listener. */
export interface Upstream {
  readonly ws: WebSocket;
  readonly stream: Duplex;
  readonly address: string;
  /** Names and values in turn, as in the 101 answer. */
  readonly rawHeaders: readonly string[];
}

/** The service has refused the upgrade, and would refuse it again. */
export class RefusedError extends Error {
  readonly code = "HOLDFAST_UPSTREAM_REFUSED";

  constructor(
    readonly status: number,
    readonly rawHeaders: readonly string[],
    readonly body: Buffer,
  ) {
    super(`the service answered ${status}`);
  }
}

/** No pod could be reached. A later try may succeed. */
export class UnreachableError extends Error {
  readonly code = "HOLDFAST_UPSTREAM_UNREACHABLE";
}

/** One pod could not be dialled. */
class FailedError extends Error {}

/** The largest body of a refusal that is passed on. A longer one, or one that does not end in time, is dropped. Bytes. */
const maxBodyBytes = 65_536;

export interface DialerOptions {
  /** The longest time from opening a socket to the answer. Milliseconds. */
  readonly connectTimeoutMs: number;
  readonly maxPayloadBytes: number;
}

/** Opens upstream sockets: to the best pod, and if that fails to the next, until every pod was tried. */
export class Dialer {
  readonly endpoints: Endpoints;
  readonly #options: DialerOptions;

  constructor(endpoints: Endpoints, options: DialerOptions) {
    this.endpoints = endpoints;
    this.#options = options;
  }

  /**
   * Throws {@link RefusedError} if the service refuses the client, and {@link UnreachableError} if no pod answers.
   *
   * @param redials how often the service was dialled before for this client
   * @param only dials this pod and no other
   */
  async dial(request: UpstreamRequest, redials: number, only?: string): Promise<Upstream> {
    const tried = new Set<string>();
    const failures: string[] = [];
    for (;;) {
      const lease = await this.#lease(tried, redials > 0, only).catch((error: unknown) => {
        failures.push((error as Error).message);
        return undefined;
      });
      if (!lease) throw new UnreachableError(failures.join("; ") || "the service has no ready pod");
      try {
        const upstream = await open(lease.address, request, redials, this.#options);
        upstream.ws.once("close", () => lease.release());
        return upstream;
      } catch (error) {
        lease.release();
        if (!(error instanceof FailedError)) throw error;
        tried.add(lease.address);
        failures.push(`${lease.address}: ${error.message}`);
        this.endpoints.failed(lease.address);
      }
    }
  }

  async #lease(
    tried: ReadonlySet<string>,
    moves: boolean,
    only: string | undefined,
  ): Promise<Lease | undefined> {
    if (only === undefined) return this.endpoints.take(tried, moves);
    return tried.has(only) ? undefined : this.endpoints.use(only);
  }
}

function open(
  address: string,
  request: UpstreamRequest,
  redials: number,
  options: DialerOptions,
): Promise<Upstream> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://${address}/`, [...request.protocols], {
      headers: { ...request.headers, [redialHeader]: String(redials) },
      handshakeTimeout: options.connectTimeoutMs,
      maxPayload: options.maxPayloadBytes,
      perMessageDeflate: false,
      followRedirects: false,
      // No pooling: there is at most one connection for each pod and client.
      agent: false,
      // The path goes out exactly as received: a URL object would change dot segments, backslashes and percent-encodings.
      finishRequest: (outgoing) => {
        outgoing.path = request.path;
        outgoing.end();
      },
      ...{ closeTimeout: closeMs }, // supported since ws 8.19; @types/ws does not have it yet
    });
    ws.once("upgrade", ({ socket, rawHeaders }: IncomingMessage) => {
      ws.once("open", () => {
        ws.pause(); // otherwise messages that came with the answer would be lost
        resolve({ ws, stream: socket, address, rawHeaders });
      });
    });
    ws.once("unexpected-response", (_request, response) => {
      readRefusal(response, options.connectTimeoutMs).then(
        (refusal) => {
          ws.terminate();
          reject(mayRetryElsewhere(refusal.status) ? new FailedError(refusal.message) : refusal);
        },
        (error: unknown) => reject(new FailedError(String(error))),
      );
    });
    ws.on("error", (error) => reject(new FailedError(error.message)));
  });
}

async function readRefusal(response: IncomingMessage, timeoutMs: number): Promise<RefusedError> {
  const status = response.statusCode ?? 502;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const deadline = setTimeout(() => response.destroy(), timeoutMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBodyBytes) break;
    }
  } catch {
    // cut or too late: the head is enough
  } finally {
    clearTimeout(deadline);
  }
  if (response.complete && bytes <= maxBodyBytes)
    return new RefusedError(status, response.rawHeaders, Buffer.concat(chunks));
  const aboutBody = response.rawHeaders.filter((name, i) => i % 2 === 0 && /^content-/i.test(name));
  const headers = passedHeaders(
    response.rawHeaders,
    aboutBody.map((name) => name.toLowerCase()),
  );
  return new RefusedError(status, headers, Buffer.alloc(0));
}

/** RFC 9110: statuses that another pod, or the same pod later, may not repeat. */
function mayRetryElsewhere(status: number): boolean {
  return status >= 500 || [408, 421, 425, 429].includes(status);
}
