import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Endpoint } from "../../../ops/local/endpoints";

/**
 * A pod's listener in the test's own process, for tests of what is in front of pods: it has its name in every answer and echoes
 * WebSocket messages. `GET <path>/refuse` and upgrades there answer 503.
 */
export class FakeEndpoint implements Endpoint {
  readonly pod: string;
  readonly address = "127.0.0.1";
  readonly port: number;
  readonly id: string;
  /** The client address of each request and upgrade. */
  readonly clients: (string | undefined)[] = [];
  /** Every request and upgrade that arrived. */
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor(pod: string, server: Server) {
    this.pod = pod;
    this.id = `${pod}/1`;
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#sockets.on("headers", (headers) => headers.push(`x-holdfast-pod: ${pod}`));
    server.on("request", (request, response) => {
      this.requests.push(request);
      this.clients.push(request.socket.remoteAddress);
      const status = request.url?.endsWith("/refuse") === true ? 503 : 200;
      response.writeHead(status, { "x-holdfast-pod": pod, "set-cookie": ["a=1", "b=2"] });
      request.pipe(response);
    });
    server.on("upgrade", (request, socket, head) => {
      this.requests.push(request);
      this.clients.push(request.socket.remoteAddress);
      if (request.url?.endsWith("/refuse") === true) {
        socket.end("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (client) =>
        client.on("message", (data, isBinary) => client.send(data, { binary: isBinary })),
      );
    });
  }

  static async listen(pod: string): Promise<FakeEndpoint> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FakeEndpoint(pod, server);
  }

  /** Closes every WebSocket with this code. */
  closeSockets(code: number): void {
    for (const client of this.#sockets.clients) client.close(code);
  }

  /** Resets every WebSocket, as a killed process' kernel does. */
  breakSockets(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.breakSockets();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
