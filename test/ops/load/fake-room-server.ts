import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/**
 * A minimal chat server in plain text, so that the load is tested without the application: every message to
 * `/<service>/chat/<room>` goes to all clients of that path. `mangle` decides what happens to a line.
 */
export class FakeRoomServer {
  /** How often each line is delivered to each client; default once. */
  mangle: (line: string) => number = () => 1;
  readonly #server: WebSocketServer;
  #https: Server | undefined;
  readonly #rooms = new Map<string, Set<WebSocket>>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("headers", (headers) =>
      headers.push("x-holdfast-pod: pod-1", "set-cookie: SERVERID=abc; Path=/"),
    );
    server.on("connection", (socket, request) => {
      const url = request.url ?? "";
      const room = this.#rooms.get(url) ?? new Set();
      this.#rooms.set(url, room.add(socket));
      socket.once("close", () => room.delete(socket));
      socket.on("message", (data) => {
        const line = (data as Buffer).toString();
        const frame = JSON.stringify({ type: "message", room: url, data: line });
        for (const member of room) for (let time = this.mangle(line); time > 0; time--) member.send(frame);
      });
    });
  }

  static async listen(): Promise<FakeRoomServer> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return new FakeRoomServer(server);
  }

  /** The same with TLS. */
  static async listenSecurely(identity: { cert: Buffer; key: Buffer }): Promise<FakeRoomServer> {
    const https = createServer(identity);
    https.listen(0, "127.0.0.1");
    await once(https, "listening");
    const server = new FakeRoomServer(new WebSocketServer({ server: https }));
    server.#https = https;
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#server.clients.size;
  }

  closeAll(code: number): void {
    for (const socket of this.#server.clients) socket.close(code);
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#https?.close();
    await closed;
  }
}
