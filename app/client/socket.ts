import { closeCodes } from "../protocol/close-codes";
import type { ClientFrame, PingFrame, PongFrame, ServerFrame, WelcomeFrame } from "../protocol/frames";
import { SUBPROTOCOL } from "../protocol/frames";
import { parseServerFrame } from "../protocol/parse";
import type { Channel, Link } from "./channel";
import { Heartbeat } from "./heartbeat";
import type { Timers } from "./timers";
import { setFrameSize } from "./frame-size";
import { Alarm } from "./timers";
import type { Failure, WebSocketConstructor, WebSocketLike } from "./web-socket";

/** RFC 6455: reported for a socket that ended without a close frame. */
const ABNORMAL = 1006;

/** The longest closing handshake. Milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * How long the answer to a publish or a join may take before the client asks whether the server is alive, and how long that
 * answer may take. Also used when the network or the page returns. Milliseconds.
 */
const PROBE_MS = 5_000;

/** The frames of a socket that the client handles. */
export type SocketFrame = Exclude<ServerFrame, PingFrame | PongFrame>;

export interface SocketHandlers {
  /** The socket is open: returns the frames of its hello. */
  hello(socket: Socket, token: string | undefined): readonly ClientFrame[];
  frame(socket: Socket, frame: SocketFrame): void;
  /** Called once, unless {@link Socket.close} was called before. */
  closed(socket: Socket, code: number, reason: string): void;
}

export interface SocketSettings {
  readonly url: string;
  readonly token: () => string | undefined | Promise<string | undefined>;
  readonly webSocket: WebSocketConstructor;
  readonly timers: Timers;
  /** The longest time from the start to the welcome. Milliseconds. */
  readonly connectTimeoutMs: number;
}

/**
 * The life of one socket: token, upgrade, hello, welcome, frames, close. It has a timeout for the welcome and then a heartbeat.
 */
export class Socket implements Link {
  /** Channels by room, from the hello on. */
  readonly channels: Map<string, Channel> = new Map<string, Channel>();
  /** The server's welcome; undefined before it. */
  welcome: WelcomeFrame | undefined;
  /** When the welcome came, by the client's clock; Infinity before it. */
  welcomedAt: number = Number.POSITIVE_INFINITY;
  /** The hello was sent, so the server may have resumed the session for this socket, even if no welcome came. */
  greeted = false;
  /** Whether it took over from a socket that served until then. */
  moved = false;
  /** When the server asked the client to leave this socket. */
  leaveAt: number | undefined;

  readonly #settings: SocketSettings;
  readonly #handlers: SocketHandlers;
  #webSocket: WebSocketLike | undefined;
  #over = false;
  readonly #deadline: Alarm;
  #deadlineAt: number;
  readonly #heartbeat: Heartbeat;

  constructor(settings: SocketSettings, handlers: SocketHandlers) {
    this.#settings = settings;
    this.#handlers = handlers;
    const { timers, connectTimeoutMs } = settings;
    this.#deadline = new Alarm(timers);
    this.#heartbeat = new Heartbeat(
      timers,
      () => this.#fail("nothing received from the server"),
      () => this.probe(),
    );
    this.#deadlineAt = Infinity;
    this.#welcomeWithin(connectTimeoutMs);
    void this.#open();
  }

  get maxPayloadBytes(): number {
    return this.welcome?.maxPayloadBytes ?? Infinity;
  }

  /** Why it failed, if the platform reports it. */
  get failure(): Failure | undefined {
    return this.#webSocket?.failure;
  }

  send(frame: ClientFrame): void {
    this.#send(JSON.stringify(frame), frame.type === "join");
  }

  /** Sends a publish. */
  sendText(text: string): void {
    this.#send(text, true);
  }

  /** Asks whether the server is still alive. The socket fails if no answer, or no welcome, comes. */
  probe(): void {
    if (!this.welcome) this.#welcomeWithin(PROBE_MS);
    else if (this.#heartbeat.expectWithin(Math.min(PROBE_MS, this.welcome.pingMs)))
      this.send({ type: "ping" });
  }

  /** Closes with 1000 without calling a handler. Resolves once the socket is closed or the timeout has passed. */
  close(): Promise<void> {
    const webSocket = this.#over ? undefined : this.#webSocket;
    this.#release();
    if (!webSocket) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#deadline.clear();
        resolve();
      };
      webSocket.onclose = done;
      this.#deadline.set(CLOSE_TIMEOUT_MS, () => {
        webSocket.terminate?.();
        done();
      });
      webSocket.close(closeCodes.normal);
    });
  }

  #send(text: string, isAnswered: boolean): void {
    if (this.#over) return;
    this.#webSocket?.send(text);
    if (isAnswered) this.#heartbeat.expectAnswer(PROBE_MS);
  }

  /** Never later than an earlier limit. */
  #welcomeWithin(ms: number): void {
    const { timers } = this.#settings;
    const now = timers.now();
    this.#deadlineAt = Math.min(this.#deadlineAt, now + ms);
    this.#deadline.set(this.#deadlineAt - now, () => this.#fail("no welcome in time"));
  }

  async #open(): Promise<void> {
    try {
      const token = await this.#settings.token();
      if (this.#over) return;
      const webSocket = new this.#settings.webSocket(this.#settings.url, [SUBPROTOCOL]);
      this.#webSocket = webSocket;
      webSocket.onopen = () => {
        this.greeted = true;
        for (const frame of this.#handlers.hello(this, token)) this.send(frame);
      };
      webSocket.onmessage = (event: { data: unknown }) => this.#receive(event.data);
      webSocket.onclose = (event: { code: number; reason: string }) => this.#finish(event.code, event.reason);
      webSocket.onerror = () => undefined; // a close follows and says more; without a listener `ws` would throw
    } catch (error) {
      this.#finish(ABNORMAL, String(error));
    }
  }

  #receive(data: unknown): void {
    this.#heartbeat.received();
    const text = String(data);
    let frame: ServerFrame | undefined;
    try {
      frame = parseServerFrame(text);
    } catch (error) {
      this.#fail(`no frame: ${(error as Error).message}`);
    }
    if (frame?.type === "message") setFrameSize(frame, text.length);
    if (frame?.type === "ping") this.send({ type: "pong" });
    else if (frame && frame.type !== "pong") {
      if (frame.type === "welcome") this.#welcomed(frame);
      this.#handlers.frame(this, frame);
    }
  }

  #welcomed(frame: WelcomeFrame): void {
    this.#deadline.clear();
    this.welcome = frame;
    this.welcomedAt = this.#settings.timers.now();
    this.#heartbeat.start(1.2 * frame.pingMs); // the server pings at this interval; this allows a ping to be a fifth late
  }

  #fail(reason: string): void {
    const webSocket = this.#webSocket;
    if (webSocket?.terminate) webSocket.terminate();
    else webSocket?.close();
    this.#finish(ABNORMAL, reason);
  }

  #finish(code: number, reason: string): void {
    if (this.#over) return;
    this.#release();
    this.#handlers.closed(this, code, reason || (this.failure?.reason ?? ""));
  }

  #release(): void {
    this.#over = true;
    this.#deadline.clear();
    this.#heartbeat.clear();
    if (!this.#webSocket) return;
    this.#webSocket.onopen = this.#webSocket.onmessage = this.#webSocket.onclose = null;
  }
}
