import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";

const running = new Set<ChildProcess>();
const sockets = new Set<Socket>();
const fronts = new Set<Server>();

export interface PodOptions {
  readonly recovery?: boolean;
  readonly redis?: string;
  readonly pingInterval?: number;
  /** The token that `/admin` requires; default `secret`. */
  readonly token?: string;
}

/** A process that serves Socket.IO. */
export class Pod {
  private constructor(
    readonly name: string,
    readonly address: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(name: string, options: PodOptions = {}): Promise<Pod> {
    const script = join(__dirname, "chat-server.mjs");
    const child = spawn(process.execPath, [script, JSON.stringify({ name, ...options })], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.add(child);
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    return new Pod(name, `127.0.0.1:${port.toString().trim()}`, child);
  }

  /** SIGTERM is Kubernetes' end, SIGKILL a crash. */
  async end(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, "exit");
    this.child.kill(signal);
    await exit;
  }

  freeze(): void {
    this.child.kill("SIGSTOP");
  }
}

/** The events of a Socket.IO client. */
export class Client {
  readonly socket: Socket;
  readonly events: unknown[][] = [];
  connects = 0;
  readonly disconnects: string[] = [];
  readonly errors: string[] = [];

  constructor(url: string, options: Partial<ManagerOptions & SocketOptions> = {}, from?: Client, nsp = "/") {
    this.socket = from
      ? from.socket.io.socket(nsp, options)
      : io(`${url.replace(/^ws/, "http")}${nsp === "/" ? "" : nsp}`, {
          forceNew: true,
          reconnectionDelay: 50,
          reconnectionDelayMax: 200,
          path: "/socket.io/",
          ...options,
        });
    if (from) this.socket.connect();
    sockets.add(this.socket);
    this.socket.onAny((...args: unknown[]) => this.events.push(args));
    this.socket.on("connect", () => (this.connects += 1));
    this.socket.on("disconnect", (reason) => this.disconnects.push(reason));
    this.socket.on("connect_error", (error) => this.errors.push(error.message));
  }

  /** The first arguments of the events with this name. */
  got(event: string): unknown[] {
    return this.events.filter(([name]) => name === event).map(([, first]) => first);
  }

  /** The pods that have welcomed it, in order. */
  get pods(): string[] {
    return this.got("welcome").map((welcome) => (welcome as { pod: string }).pod);
  }

  get transport(): string | undefined {
    return (this.socket.io.engine as { transport?: { name: string } } | undefined)?.transport?.name;
  }
}

interface Edge {
  readonly url: string;
  readonly statuses: readonly number[];
}

/** An edge that sends each request to another proxy, like an edge without stickiness. */
export function roundRobin(ports: readonly number[]): Promise<Edge> {
  let turn = 0;
  return startEdge(() => ports[turn++ % ports.length] ?? 0);
}

/** @param portOf returns the port of the proxy for a request */
export async function startEdge(portOf: (request: IncomingMessage) => number): Promise<Edge> {
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const { url: path, method, headers } = request;
    const outgoing = httpRequest({
      host: "127.0.0.1",
      port: portOf(request),
      path,
      method,
      headers,
      agent: false,
    });
    outgoing.on("response", (answer) => {
      statuses.push(answer.statusCode ?? 0);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    request.pipe(outgoing);
  });
  server.on("upgrade", (request, socket, head) => {
    const upstream = connect(portOf(request), "127.0.0.1");
    const lines = request.rawHeaders.flatMap((name, i) =>
      i % 2 === 0 ? [`${name}: ${request.rawHeaders[i + 1]}`] : [],
    );
    upstream.write(`GET ${request.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
    for (const side of [socket, upstream])
      side.on("error", () => [socket, upstream].forEach((one) => one.destroy()));
  });
  fronts.add(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, statuses };
}

export async function stopAll(): Promise<void> {
  // Each client sends a last request; without a server it would retry for longer than the test.
  await Promise.all([...sockets].map(closed));
  sockets.clear();
  for (const front of fronts) {
    front.close();
    front.closeAllConnections();
  }
  fronts.clear();
  for (const child of running) child.kill("SIGKILL");
  running.clear();
}

async function closed(socket: Socket): Promise<void> {
  socket.io.reconnection(false);
  const { engine } = socket.io as { engine?: Socket["io"]["engine"] };
  socket.disconnect();
  if (!engine || engine.readyState === "closed") return;
  const close = new Promise<void>((resolve) => engine.once("close", () => resolve()));
  engine.close();
  await Promise.race([close, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
}
