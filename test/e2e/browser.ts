import { text } from "node:stream/consumers";
import { CookieJar } from "tough-cookie";
import { WebSocket } from "ws";
import type { Target } from "../../ops/load/target";

/** An upgraded socket, and the answer to its upgrade. */
export interface Upgraded {
  readonly socket: WebSocket;
  /** The pod that serves it. */
  readonly pod: string;
  readonly setCookies: readonly string[];
}

/** Longer than any test waits for an answer; it closes a connection that nobody answers. Milliseconds. */
const handshakeTimeoutMs = 30_000;

/** An upgrade was not answered with 101. */
class RefusedError extends Error {
  readonly code = "HOLDFAST_REFUSED";
}

/** One client with its own address and cookies, which it keeps and sends as browsers do. */
export class Browser {
  readonly cookies = new CookieJar();
  readonly #localAddress: string | undefined;

  constructor(localAddress?: string) {
    this.#localAddress = localAddress;
  }

  /** Opens a socket in plain text to a room. Rejects with a {@link RefusedError}. */
  async open(target: Pick<Target, "url" | "host">, room = "lobby"): Promise<Upgraded> {
    const url = new URL(`${target.url}/chat/${room}`);
    const host = target.host ?? url.host;
    // TLS ends before the edge: for the client the URL is https, so it sends secure cookies.
    const seenAs = `https://${host}${url.pathname}`;
    const cookie = await this.cookies.getCookieString(seenAs);
    const socket = new WebSocket(url, {
      handshakeTimeout: handshakeTimeoutMs,
      headers: { host, ...(cookie !== "" && { cookie }) },
      ...(this.#localAddress !== undefined && { localAddress: this.#localAddress }),
    });
    const upgraded = await new Promise<Upgraded>((resolve, reject) => {
      let answer: Omit<Upgraded, "socket"> | undefined;
      socket.once("upgrade", ({ headers }) => {
        answer = { pod: String(headers["x-holdfast-pod"]), setCookies: headers["set-cookie"] ?? [] };
      });
      socket.once("open", () => resolve({ socket, pod: "", setCookies: [], ...answer }));
      // An edge gives the reason in the body.
      socket.once("unexpected-response", (_request, response) => {
        const { statusCode = 0 } = response;
        void text(response)
          .catch(String)
          .then((body) => {
            // With a listener for this event, ws does not close the connection. It would keep the tests' process until the edge does.
            socket.terminate();
            reject(new RefusedError(`${seenAs}: answered ${statusCode}: ${body}`));
          });
      });
      socket.once("error", (error) => reject(new RefusedError(`${seenAs}: ${error.message}`)));
    });
    for (const header of upgraded.setCookies) await this.cookies.setCookie(header, seenAs);
    return upgraded;
  }

  /** Opens a socket and closes it again; returns the pod that served it. */
  async visit(target: Pick<Target, "url" | "host">): Promise<string> {
    const { socket, pod } = await this.open(target);
    await new Promise((resolve) => {
      socket.once("close", resolve);
      socket.close(1000);
    });
    return pod;
  }
}
