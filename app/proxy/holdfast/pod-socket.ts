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
  /** `frame` is undefined for a frame type that this version does not know. */
  frame(socket: PodSocket, frame: ServerFrame | undefined, text: string): void;
  /** Called once, unless {@link PodSocket.leave} was called before. */
  closed(socket: PodSocket, code: number, reason: string): void;
  drained(): void;
}

/** One upstream socket that speaks `holdfast.v1.json`, with a timeout for its welcome and then a heartbeat. */
export class PodSocket implements Link {
  readonly channels: Map<string, Channel> = new Map<string, Channel>();
  readonly address: string;
  readonly socket: UpstreamSocket;
  welcome: WelcomeFrame | undefined;
  /** When the welcome came, on the monotonic clock. */
  welcomedAt = Number.POSITIVE_INFINITY;
  /** The hello was sent, so the pod may have resumed the session for this socket, even if no welcome came. */
  helloSent = false;
  readonly #handlers: PodSocketHandlers;
  readonly #deadline = new Alarm(systemTimers);
  readonly #heartbeat = new Heartbeat(systemTimers, () => {
    if (this.socket.ws.isPaused && this.welcome)
      this.#heartbeat.start(2 * this.welcome.pingMs); // nothing is read now
    else this.#fail("nothing received from the pod");
  });
  #over = false;

  constructor({ ws, stream, address }: Upstream, handlers: PodSocketHandlers) {
    this.address = address;
    this.#handlers = handlers;
    this.socket = new UpstreamSocket(ws, stream, () => handlers.drained());
    ws.on("message", (data: RawData) => this.#receive((data as Buffer).toString()));
    ws.on("close", (code, reason) => this.#finish(code, reason.toString()));
    // It closed before a listener was added: reports the close after the constructor has returned.
    if (ws.readyState === ws.CLOSED)
      process.nextTick(() => this.#finish(abnormal, "closed before it was used"));
  }

  get maxPayloadBytes(): number {
    return this.welcome?.maxPayloadBytes ?? Infinity;
  }

  /**
   * @param frames the hello, and further frames for what did not fit into it
   * @param timeoutMs the longest time for the welcome
   */
  sendHello(frames: readonly ClientFrame[], timeoutMs: number): void {
    this.helloSent = true;
    this.#deadline.set(timeoutMs, () => this.#fail(`no welcome within ${timeoutMs} ms`));
    for (const frame of frames) this.send(frame);
  }

  send(frame: ClientFrame): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    if (!this.#over) this.socket.send(text);
  }

  /** Closes the socket without calling a handler. */
  leave(code: number): void {
    if (this.#over) return;
    this.#release();
    this.socket.close(code, "");
  }

  #receive(text: string): void {
    if (this.#over) return;
    this.#heartbeat.received();
    let frame: ServerFrame | undefined;
    try {
      frame = parseServerFrame(text);
    } catch (error) {
      this.#fail(`no frame: ${(error as Error).message}`);
      return;
    }
    if (frame?.type === "ping") {
      // A pod refuses any frame before the hello, but a pod of an older version may ping before it.
      if (this.helloSent) this.send({ type: "pong" });
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

/** The close code for a socket that was replaced, or whose client left permanently: the pod ends the session's connection. */
export const leftCode = closeCodes.normal;
