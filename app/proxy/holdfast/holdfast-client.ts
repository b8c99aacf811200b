import { closeCodes } from "../../protocol/close-codes";
import type { AckFrame, ErrorFrame, MessageFrame, ServerFrame, SyncFrame } from "../../protocol/frames";
import { FrameError, parseClientFrame } from "../../protocol/parse";
import type { Admitted, ProxyContext } from "../proxied-connection";
import { ProxiedSession } from "./proxied-session";
import type { PodSocket } from "./pod-socket";
import { Unacknowledged } from "./unacknowledged";

/**
 * A client that itself speaks `holdfast.v1.json`. It seems to have one pod that never ends: frames pass unchanged, except the
 * syncs, repeated messages and acknowledgements that a change of pods causes. The welcome of each new pod is passed on, because
 * it holds the session's next token.
 */
export class ProxiedHoldfastClient extends ProxiedSession {
  readonly #publishes = new Map<string, Unacknowledged>();
  /** For the user's inbox: the newest position that the client has read and that could not be sent to a pod. */
  #read: string | undefined;
  #waitingBytes = 0;
  readonly #handshake: NodeJS.Timeout;

  constructor(context: ProxyContext, admitted: Admitted) {
    super(context, admitted);
    this.#handshake = setTimeout(
      () => this.close(closeCodes.timeout, "no hello in time"),
      context.config.HANDSHAKE_TIMEOUT_SECONDS * 1_000,
    );
  }

  override get waitingBytes(): number {
    return this.#waitingBytes + this.pendingJoinBytes;
  }

  override goAway(): boolean {
    this.#send({ type: "goaway", reason: "drain", delayMs: 0 });
    return true;
  }

  override stop(): void {
    this.client.terminate(); // its session stays for a resume
  }

  /** A client that has not sent its hello gets no pings: the hello has its own timeout. */
  override tick(now: number): void {
    if (this.helloReceived) super.tick(now);
  }

  protected override ping(): void {
    this.#send({ type: "ping" }); // a script in a browser sees only application frames
  }

  protected override onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.close(closeCodes.unsupportedData, "text only");
      return;
    }
    const text = data.toString();
    try {
      this.#take(text);
      this.updateFlowIfFull();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#send({ type: "error", code: "bad_frame", message: error.message, retryable: false });
      this.close(closeCodes.badFrame, error.message);
    }
  }

  #take(text: string): void {
    const frame = parseClientFrame(text);
    if (frame.type === "pong") return;
    if ((frame.type === "hello") === this.helloReceived) {
      throw new FrameError(
        this.helloReceived ? "hello comes once" : `the first frame must be hello, found ${frame.type}`,
      );
    }
    switch (frame.type) {
      case "hello":
        clearTimeout(this.#handshake);
        this.onHello(frame);
        break;
      case "join":
        this.joinRoom(frame);
        break;
      case "leave":
        this.#count(frame.room, (publishes) => publishes.dropFrom(0));
        this.#publishes.delete(frame.room);
        this.leaveRoom(frame.room);
        break;
      case "publish":
        if (!this.hasRoom(frame.room)) {
          const message = `join ${frame.room} before publishing to it`;
          const about = { room: frame.room, id: frame.id };
          this.#send({ type: "error", code: "not_joined", message, retryable: false, ...about });
          break;
        }
        this.#count(frame.room, (publishes) => publishes.publish(frame.id, text));
        break;
      case "read":
        if (!this.sendToPod(text)) this.#read = text;
        break;
      case "ping":
        this.#send({ type: "pong" });
        break;
    }
  }

  protected override onClientClosed(code: number): void {
    clearTimeout(this.#handshake);
    // 1000 means that the client leaves permanently; after any other code its session stays for a resume.
    this.end(code === closeCodes.normal ? closeCodes.normal : closeCodes.goingAway);
  }

  protected override sendToClient(_frame: ServerFrame | undefined, text: string): void {
    this.client.send(text);
  }

  protected override sendSync(frame: SyncFrame): void {
    this.client.send(JSON.stringify(frame));
  }

  protected override sendMessage(_frame: MessageFrame, text: string): void {
    this.client.send(text);
  }

  protected override sendAck({ room, id }: AckFrame, text: string): void {
    if (this.#count(room, (publishes) => publishes.take(id))) this.client.send(text);
  }

  /**
   * The client repeats what can be repeated, so every error is passed on, and the proxy drops the publishes that the client will
   * repeat.
   */
  protected override sendPublishError(
    { room = "", id, retryable, code }: ErrorFrame & { id: number },
    text: string,
  ): void {
    this.#count(room, (publishes) =>
      retryable || code === "not_joined" ? publishes.dropFrom(id) : publishes.take(id),
    );
    this.client.send(text);
  }

  protected override sendJoinError(_frame: ErrorFrame, text: string): void {
    this.client.send(text);
  }

  protected override attach(room: string, socket: PodSocket): void {
    this.#publishes.get(room)?.attach(socket);
    if (this.#read !== undefined && this.sendToPod(this.#read)) this.#read = undefined;
  }

  protected override detach(): void {
    for (const publishes of this.#publishes.values()) publishes.detach();
  }

  protected override mustWait(): boolean {
    return this.waitingBytes > this.context.config.MAX_WAITING_BYTES;
  }

  /** Changes the publishes of a room, and updates the sum of the waiting bytes. */
  #count<Result>(room: string, change: (publishes: Unacknowledged) => Result): Result {
    let publishes = this.#publishes.get(room);
    if (!publishes) {
      publishes = new Unacknowledged();
      this.#publishes.set(room, publishes);
      const sink = this.sink(room);
      if (sink) publishes.attach(sink);
    }
    const before = publishes.bytes;
    const waited = this.mustWait();
    const result = change(publishes);
    this.#waitingBytes += publishes.bytes - before;
    if (waited && !this.mustWait()) this.updateFlow();
    return result;
  }

  #send(frame: ServerFrame): void {
    this.client.send(JSON.stringify(frame));
  }
}
