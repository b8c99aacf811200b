import type { IncomingMessage } from "node:http";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { WebSocket } from "ws";
import { CookieJar } from "./cookie-jar";

/** How and from where a client's sockets are opened. */
export interface Dialing {
  /** The Host header, and with TLS the name that the certificate must bear; default the URL's own. */
  readonly host?: string | undefined;
  readonly localAddress?: string | undefined;
  /** Gives the JWT of the moment, where the service asks for one; sent with the upgrade. */
  readonly token?: (() => string | undefined) | undefined;
  /** Certificates in PEM form to trust besides those that Node.js brings. */
  readonly ca?: string | undefined;
}

/** What a client's sockets went through. */
export interface Trace {
  opened(pod: string): void;
  /** A socket that was open has closed, and {@link SocketTracer.breakAll} had no part in it. */
  closed(code: number, pod: string): void;
  /** An upgrade was not answered with 101: the HTTP status, or the error's code. */
  refused(why: string): void;
}

/**
 * Opens one client's sockets as its browser would: they share a cookie jar; what becomes of each is traced.
 * Any code that wants a WebSocket class can be given {@link SocketTracer.webSocket}.
 */
export class SocketTracer {
  /** A WebSocket class whose sockets this tracer follows. */
  readonly webSocket: new (url: string, protocols: string[]) => WebSocket;
  /** Each with the pod that serves it. */
  readonly #open = new Map<WebSocket, string>();
  /** Sockets that we broke or are leaving behind: their close is our doing. */
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

  /** Breaks every open socket without a close frame, as a change of network does. */
  breakAll(): void {
    for (const socket of this.#open.keys()) {
      this.#ours.add(socket);
      socket.terminate();
    }
  }

  /** From now on closes are not traced: the client is being stopped. */
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
      // With a listener on this event, ws leaves the end to us.
      socket.terminate();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // An upgrade that was answered otherwise has been told, with its status.
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

/** One for all sockets: to read all certificates anew for each would keep the whole load waiting. */
function trusting(ca: string): SecureContext {
  // Given alone, it would stand in place of all others.
  const context = contexts.get(ca) ?? createSecureContext({ ca: [...rootCertificates, ca] });
  contexts.set(ca, context);
  return context;
}
