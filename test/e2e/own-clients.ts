import { Agent, type AgentOptions, type ClientRequest, type IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import type { WebSocket } from "ws";
import type { Target } from "../../ops/load/target";
import { Browser } from "./browser";
import { readSurroundings } from "./surroundings";

/** Clients of servers without Holdfast; each records its events. */

/** Time between two messages of a client. Milliseconds. */
const everyMs = 500;

/** Reconnects at once whenever its socket closes, with its cookies; sends numbers, and records what comes back. */
export class EchoClient {
  /** The pod of each of its sockets. */
  readonly pods: string[] = [];
  readonly closes: number[] = [];
  readonly refusals: string[] = [];
  readonly echoes: number[] = [];
  sent = 0;
  readonly #target: Pick<Target, "url" | "host">;
  readonly #browser: Browser;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLeaving = false;

  constructor(target: Pick<Target, "url" | "host">, localAddress?: string) {
    this.#target = target;
    this.#browser = new Browser(localAddress);
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 1;
  }

  async connect(): Promise<void> {
    const { socket, pod } = await this.#browser.open(this.#target);
    this.#socket = socket;
    this.pods.push(pod);
    socket.on("message", (data: Buffer) => this.echoes.push(Number(data.toString())));
    socket.on("error", () => undefined); // the close that follows reports it
    socket.on("close", (code) => {
      this.closes.push(code);
      if (!this.#isLeaving) void this.#reconnect();
    });
  }

  startTalking(): void {
    this.#timer = setInterval(() => {
      if (this.isOpen) this.#socket?.send(String(this.sent++));
    }, everyMs);
  }

  stopTalking(): void {
    clearInterval(this.#timer);
  }

  /** Closes its socket and opens another one; returns the pod. */
  async comeBack(): Promise<string> {
    this.leave();
    const { socket, pod } = await this.#browser.open(this.#target);
    socket.terminate();
    return pod;
  }

  /** A description for people. */
  describe(): string {
    const { pods, closes, refusals, sent, echoes } = this;
    return JSON.stringify({ isOpen: this.isOpen, pods, closes, refusals, sent, heard: echoes.length });
  }

  leave(): void {
    this.#isLeaving = true;
    this.stopTalking();
    this.#socket?.terminate();
  }

  async #reconnect(): Promise<void> {
    while (!this.#isLeaving) {
      try {
        await this.connect();
        return;
      } catch (error) {
        this.refusals.push(`${new Date().toISOString()} ${String(error)}`);
        await delay(everyMs);
      }
    }
  }
}

/** An answer that is not a success to a request of a client. */
interface Refusal {
  /** The host in the request: an address of a Service, or a name at the edge. */
  readonly host: string;
  /** The pod that had its session; undefined if there was none yet. */
  readonly pod: string | undefined;
  readonly status: number;
}

/** A client of the chat: it sends numbers, and records what is sent to all. */
export class ChatClient {
  readonly socket: Socket;
  /** The pod of each of its sessions. */
  readonly pods: string[] = [];
  /** How often it got the id of its session: once, unless another session took over. */
  connects = 0;
  readonly disconnects: string[] = [];
  readonly errors: string[] = [];
  readonly refusals: Refusal[] = [];
  readonly heard = new Set<string>();

  constructor(
    target: Pick<Target, "url" | "host">,
    transports: ("polling" | "websocket")[],
    localAddress?: string,
  ) {
    const { hostname, port, pathname } = new URL(target.url);
    // A name without a DNS record leads to the edge, as in a browser.
    const lookup: LookupFunction = (_name, { all }, found) =>
      all === true ? found(null, [{ address: hostname, family: 4 }]) : found(null, hostname, 4);
    const agent = new WatchedAgent((request, response) => this.#answered(request, response), {
      ...(target.host !== undefined && { lookup }),
      ...(localAddress !== undefined && { localAddress }),
    });
    this.socket = io(`http://${target.host ?? hostname}:${port || 80}`, {
      path: pathname,
      transports,
      forceNew: true,
      withCredentials: true,
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      agent: agent as unknown as string,
    });
    this.socket.on("said", (text: string) => this.heard.add(text));
    this.socket.on("connect", () => (this.connects += 1));
    this.socket.on("disconnect", (reason, details) => {
      const { code, reason: why } =
        (details as { context?: { code?: number; reason?: string } } | undefined)?.context ?? {};
      this.disconnects.push(`${new Date().toISOString()} ${reason} ${code ?? ""} ${why ?? ""}`.trim());
    });
    this.socket.on("connect_error", (error) => this.errors.push(error.message));
  }

  get transport(): string | undefined {
    return (this.socket.io.engine as { transport?: { name: string } } | undefined)?.transport?.name;
  }

  /** Resolves with the pod that received it. */
  async say(text: string): Promise<string> {
    return (await this.socket.emitWithAck("say", text)) as string;
  }

  /** A description for people. */
  describe(): string {
    const { pods, connects, disconnects, errors, refusals, heard, transport, socket } = this;
    const state = { connected: socket.connected, transport, pods, connects, disconnects, errors, refusals };
    return JSON.stringify({ ...state, heard: heard.size });
  }

  leave(): void {
    this.socket.disconnect();
  }

  #answered({ host, path }: ClientRequest, { statusCode = 0, headers }: IncomingMessage): void {
    const isHandshake = !/[?&]sid=/.test(path);
    if (statusCode >= 400) {
      this.refusals.push({ host, pod: isHandshake ? undefined : this.pods.at(-1), status: statusCode });
    } else if (isHandshake) {
      this.pods.push(String(headers["x-holdfast-pod"]));
    }
  }
}

type Answered = (request: ClientRequest, response: IncomingMessage) => void;

/** The method that Node.js calls for each request, which its types do not have. */
const { addRequest } = Agent.prototype as unknown as {
  addRequest: (this: Agent, request: ClientRequest, options: object) => void;
};

/** Observes each answer, because the client of Socket.IO reports neither its status nor its headers. */
class WatchedAgent extends Agent {
  readonly #answered: Answered;

  constructor(answered: Answered, options: AgentOptions & { lookup?: LookupFunction }) {
    super({ ...options, keepAlive: true });
    this.#answered = answered;
  }

  addRequest(request: ClientRequest, options: object): void {
    const hear = (response: IncomingMessage) => this.#answered(request, response);
    request.once("response", hear);
    request.once("upgrade", hear);
    addRequest.call(this, request, options);
  }
}

/** Client addresses in turn. */
export function addresses(): () => string {
  const { clientAddresses } = readSurroundings();
  let next = 0;
  return () => clientAddresses[next++ % clientAddresses.length] ?? "";
}
