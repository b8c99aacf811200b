import type { IncomingMessage } from "node:http";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { WebSocket } from "ws";
import { CookieJar } from "./cookie-jar";

/** How a client opens its sockets, and from which address. */
export interface Dialing {
  /** The Host header and, with TLS, the name in the certificate; default: from the URL. */
  readonly host?: string | undefined;
  readonly localAddress?: string | undefined;
  /** Returns the current JWT, if the service requires one; it is sent with the upgrade. */
  readonly token?: (() => string | undefined) | undefined;
  /** Certificates in PEM form to trust in addition to those of Node.js. */
  readonly ca?: string | undefined;
}

/** The events of a client's sockets. */
export interface Trace {
  opened(pod: string): void;
  /** An open socket has closed, and {@link SocketTracer.breakAll} did not cause it. */
  closed(code: number, pod: string): void;
  /** An upgrade was not answered with 101. Holds the HTTP status, or the error's code. */
  refused(why: string): void;
}

/**
 * Opens one client's sockets as a browser would, with a common cookie jar, and traces their events. Code that expects a WebSocket
 * class can use {@link SocketTracer.webSocket}.
 */
export class SocketTracer {
  /** A WebSocket class whose sockets this tracer traces. */
  readonly webSocket: new (url: string, protocols: string[]) => WebSocket;
  /** The open sockets, each with the pod that serves it. */
  readonly #open = new Map<WebSocket, string>();
  /** Sockets that the load itself breaks or closes: their close is not an event. */
  readonly #ours = new WeakSet<WebSocket>();
  #leaving = false;

  constructor({ host, localAddress, token, ca }: Dialing, trace: Trace) {
    const jar = new CookieJar();
    const follow = (socket: WebSocket) => this.#follow(socket, jar, trace);
    this.webSocket = class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        const bearer = token?.();
        const headers = {
          ...(host && { host }),
          ...(jar.header && { cookie: jar.header }),
          ...(bearer && { authorization: `Bearer ${bearer}` }),
        };
        super(url, protocols, {
          headers,
          perMessageDeflate: false,
          ...(host && { servername: host.replace(/:\d+$/, "") }),
          ...(localAddress && { localAddress }),
          ...(ca !== undefined && { secureContext: trusting(ca) }),
        });
        follow(this);
      }
    };
  }

  /** Breaks every open socket without a close frame, as a network change does. */
  breakAll(): void {
    for (const socket of this.#open.keys()) {
      this.#ours.add(socket);
      socket.terminate();
    }
  }

  /** From now on closes are not traced, because the client is being stopped. */
  leave(): void {
    this.#leaving = true;
  }

  #follow(socket: WebSocket, jar: CookieJar, trace: Trace): void {
    const take = ({ headers }: IncomingMessage) => {
      jar.store(headers["set-cookie"]);
      const pod = headers["x-holdfast-pod"];
      return typeof pod === "string" ? pod : "unknown";
    };
    socket.once("upgrade", (response) => {
      const pod = take(response);
      this.#open.set(socket, pod);
      trace.opened(pod);
    });
    let answered = false;
    socket.once("unexpected-response", (_request, response) => {
      answered = true;
      take(response);
      trace.refused(String(response.statusCode));
      // With a listener for this event, ws does not close the socket itself.
      socket.terminate();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // An upgrade with another answer has already been reported with its status.
      if (error.code !== undefined && !answered && !this.#open.has(socket)) trace.refused(error.code);
    });
    socket.once("close", (code) => {
      const pod = this.#open.get(socket);
      this.#open.delete(socket);
      if (pod !== undefined && !this.#ours.has(socket) && !this.#leaving) trace.closed(code, pod);
    });
  }
}

const contexts = new Map<string, SecureContext>();

/** One context for all sockets: parsing all certificates for each of them would delay the whole load. */
function trusting(ca: string): SecureContext {
  // Certificates that are passed alone would replace all others.
  const context = contexts.get(ca) ?? createSecureContext({ ca: [...rootCertificates, ca] });
  contexts.set(ca, context);
  return context;
}
