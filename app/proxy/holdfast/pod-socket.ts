import type { RawData } from "ws";
import type { Channel, Link } from "../../client/channel";
import { Heartbeat } from "../../client/heartbeat";
import { Alarm, systemTimers } from "../../client/timers";
import { closeCodes } from "../../protocol/close-codes";
import type { ClientFrame, ServerFrame, WelcomeFrame } from "../../protocol/frames";
import { parseServerFrame } from "../../protocol/parse";
import { abnormal } from "../close-codes";
import type { Upstream } from "../dialer";
import { UpstreamSocket } from "../upstream-socket";

export interface PodSocketHandlers {
  /** `frame` is undefined for a type that this version does not know. */
  frame(socket: PodSocket, frame: ServerFrame | undefined, text: string): void;
  /** Called once, unless {@link PodSocket.leave} came first. */
  closed(socket: PodSocket, code: number, reason: string): void;
  drained(): void;
}

/** One upstream socket that speaks `holdfast.v1.json`, with a deadline for its welcome and a heartbeat behind it. */
export class PodSocket implements Link {
  readonly channels: Map<string, Channel> = new Map<string, Channel>();
  readonly address: string;
  readonly socket: UpstreamSocket;
  welcome: WelcomeFrame | undefined;
  /** When it was welcomed, on the monotonic clock. */
  welcomedAt = Number.POSITIVE_INFINITY;
  /** The hello was sent, so the pod may have resumed the session for this socket, welcome or not. */
  greeted = false;
  readonly #handlers: PodSocketHandlers;
  readonly #deadline = new Alarm(systemTimers);
  readonly #heartbeat = new Heartbeat(systemTimers, () => {
    if (this.socket.ws.isPaused && this.welcome)
      this.#heartbeat.start(2 * this.welcome.pingMs); // nobody listens
    else this.#fail("nothing heard from the pod");
  });
  #over = false;

  constructor({ ws, stream, address }: Upstream, handlers: PodSocketHandlers) {
    this.address = address;
    this.#handlers = handlers;
    this.socket = new UpstreamSocket(ws, stream, () => handlers.drained());
    ws.on("message", (data: RawData) => this.#receive((data as Buffer).toString()));
    ws.on("close", (code, reason) => this.#finish(code, reason.toString()));
    // Closed since it was opened, with nobody listening; told later, when whoever made this has it.
    if (ws.readyState === ws.CLOSED)
      process.nextTick(() => this.#finish(abnormal, "closed before it was used"));
  }

  get maxPayloadBytes(): number {
    return this.welcome?.maxPayloadBytes ?? Infinity;
  }

  /**
   * @param frames the hello, and what did not fit into it
   * @param timeoutMs in which the welcome must come
   */
  greet(frames: readonly ClientFrame[], timeoutMs: number): void {
    this.greeted = true;
    this.#deadline.set(timeoutMs, () => this.#fail(`no welcome within ${timeoutMs} ms`));
    for (const frame of frames) this.send(frame);
  }

  send(frame: ClientFrame): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    if (!this.#over) this.socket.send(text);
  }

  /** Ends it, unheard: no handler is called any more. */
  leave(code: number): void {
    if (this.#over) return;
    this.#release();
    this.socket.close(code, "");
  }

  #receive(text: string): void {
    if (this.#over) return;
    this.#heartbeat.heard();
    let frame: ServerFrame | undefined;
    try {
      frame = parseServerFrame(text);
    } catch (error) {
      this.#fail(`no frame: ${(error as Error).message}`);
      return;
    }
    if (frame?.type === "ping") {
      // A pod refuses whatever comes before the hello: an older one may ping before it.
      if (this.greeted) this.send({ type: "pong" });
      return;
    }
    if (frame?.type === "pong") return;
    if (frame?.type === "welcome") {
      this.#deadline.clear();
      this.welcome = frame;
      this.welcomedAt = performance.now();
      this.#heartbeat.start(2 * frame.pingMs);
    }
    this.#handlers.frame(this, frame, text);
  }

  #fail(reason: string): void {
    this.socket.terminate();
    this.#finish(abnormal, reason);
  }

  #finish(code: number, reason: string): void {
    if (this.#over) return;
    this.#release();
    this.#handlers.closed(this, code, reason);
  }

  #release(): void {
    this.#over = true;
    this.#deadline.clear();
    this.#heartbeat.clear();
  }
}

/** How a socket that was replaced, or whose client left for good, is closed: the pod forgets it. */
export const leftForGood = closeCodes.normal;
