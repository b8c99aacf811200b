import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { type WebSocket, WebSocketServer } from "ws";

const program = path.join(__dirname, "ask-pod.ts");

/** From the subprotocol v4.channel.k8s.io: a frame begins with its channel, and the first frame of a channel has the port. */
const channels = { data: 0, error: 1 } as const;
const frame = (channel: keyof typeof channels, content: Buffer) =>
  Buffer.concat([Buffer.from([channels[channel]]), content]);
const port = Buffer.from([9090 % 256, 9090 >> 8]);

let server: Server;
/** What the API server does with a request for a port; undefined: it refuses. */
let answer: ((socket: WebSocket) => void) | undefined;

beforeAll(async () => {
  server = createServer();
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "v4.channel.k8s.io" });
  server.on("upgrade", (request, socket, head) => {
    const accept = answer;
    if (accept === undefined) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.send(frame("data", port));
      accepted.send(frame("error", port));
      accept(accepted);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The output of a process that asks a pod through this API server. Rejects if an uncaught error ends it. */
async function ask(): Promise<string> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program, url], {
    timeout: 20_000,
  });
  return stdout.trim();
}

describe("a port of a pod, through the API server", () => {
  it("answers a request", async () => {
    answer = (socket) =>
      socket.once("message", () => {
        const body = "up 1";
        const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
        socket.send(frame("data", Buffer.from(head + body)));
      });
    expect(await ask()).toBe("up 1");
  });

  it("does not end the process if nothing listens on it, even if this is known before a listener exists", async () => {
    answer = (socket) => socket.send(frame("error", Buffer.from("connection refused")));
    expect(await ask()).toBe("pod-1:9090: connection refused");
  });

  it("rejects if the API server refuses it", async () => {
    answer = undefined;
    expect(await ask()).toContain("the API server refused a port forward to nova/pod-1");
  });
});
