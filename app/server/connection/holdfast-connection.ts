import { createHash } from "node:crypto";
import { closeCodes } from "../../protocol/close-codes";
import {
  INBOX,
  type ErrorCode,
  type HelloFrame,
  type Position,
  type RoomRequest,
  type ServerFrame,
} from "../../protocol/frames";
import type { RoomKeys } from "../store/keys";
import { FrameError, parseClientFrame } from "../../protocol/parse";
import type { OpenedSession, Session } from "../store/session-store";
import { frameCosts } from "./budget";
import { Connection } from "./connection";

/** A connection that speaks `holdfast.v1.json`. It begins with `hello`, within the handshake timeout. */
export class HoldfastConnection extends Connection {
  #state: "awaiting hello" | "greeting" | "open" = "awaiting hello";
  #publisher = "";
  #handshakeTimer = setTimeout(
    () => this.cut(closeCodes.timeout, "no hello in time"),
    this.context.config.HANDSHAKE_TIMEOUT_SECONDS * 1_000,
  );
  /**
   * Frames that came in the same read as the hello: served in order once the hello is answered. The socket is not read meanwhile,
   * so they are at most one read, 64 KiB.
   */
  #early: string[] = [];

  /** A client that has not sent its hello gets no pings: the hello has its own timeout. */
  override tick(now: number): void {
    if (this.#state !== "awaiting hello" || this.isExpired(now)) super.tick(now);
  }

  protected override onText(text: string): void {
    if (this.#state === "greeting") {
      this.#early.push(text);
      return;
    }
    // The length in UTF-16 units is close enough to the number of bytes for the cost.
    const { length } = text;
    try {
      const frame = parseClientFrame(text);
      if (frame.type !== "publish") this.budget.spend(frameCosts[frame.type], length);
      if (frame.type === "pong") return; // accepted before the hello too: it answers a ping of a proxy on the path
      if (this.#state === "awaiting hello") {
        if (frame.type !== "hello")
          throw new FrameError(`the first frame must be hello, found ${frame.type}`);
        void this.#greet(frame);
        return;
      }
      switch (frame.type) {
        case "hello":
          throw new FrameError("hello comes once");
        case "join":
          void this.#joinAny(frame);
          break;
        case "leave":
          if (this.subscriptions.leave(frame.room)) this.publishing.leave(frame.room);
          break;
        case "publish":
          this.publishing.take(frame.room, this.#publisher, frame.id, frame.data, length);
          break;
        case "read":
          if (frame.room === INBOX) this.#read(frame.offset);
          break;
        case "ping":
          this.#send({ type: "pong" });
          break;
      }
    } catch (error) {
      if (!(error instanceof FrameError)) {
        this.fail(error, {}); // an error in one frame must never end the pod
        return;
      }
      this.sendError("bad_frame", error.message, {});
      this.close(closeCodes.badFrame, error.message);
    }
  }

  async #greet(hello: HelloFrame): Promise<void> {
    this.#state = "greeting";
    this.gate.hold("greeting");
    try {
      const { user } = await this.authenticate(hello.token, hello.client);
      if (!this.isOpen()) return; // closed meanwhile: the session was not opened in time
      if (hello.session && this.context.rebalancer?.sendsOn(hello.session.id, user, this) === true) {
        this.close(closeCodes.tryAgainLater, "another pod has room; the connection before goes on");
        return;
      }
      clearTimeout(this.#handshakeTimer);
      this.#publisher = createHash("sha256")
        .update(`${user}\n${hello.client}`)
        .digest("base64url")
        .slice(0, 22);
      const { session, token, resumed, previousPod } = await this.#openSession(user, hello);
      if (!this.transport.open) {
        if (previousPod !== undefined) this.#evict(previousPod, session);
        return;
      }
      this.resumed = resumed;
      this.adopt(session);
      const { config } = this.context;
      this.transport.gather(); // the syncs of rooms that this pod serves already follow at once
      this.#send({
        type: "welcome",
        session: { id: session.id, token, generation: session.generation },
        resumed,
        user,
        pod: config.POD_NAME,
        pingMs: config.PING_INTERVAL_SECONDS * 1_000,
        maxPayloadBytes: config.MAX_PAYLOAD_BYTES,
      });
      await Promise.all(
        this.#roomsOf(hello, session).map((request) =>
          this.subscriptions.joined(this.#joinAny(request), request),
        ),
      );
      if (previousPod !== undefined) this.#evict(previousPod, session);
      this.#state = "open";
      for (const text of this.#early.splice(0)) {
        if (!this.ended) this.onText(text);
      }
    } catch (error) {
      this.refuse(error);
    } finally {
      this.gate.release("greeting");
    }
  }

  /** After the syncs: the older socket delivers until this one does. */
  #evict(previousPod: string, session: Session): void {
    this.evict(previousPod, session).catch((error: unknown) =>
      this.context.log.warn({ err: error }, "evict"),
    );
  }

  async #openSession(
    user: string,
    hello: HelloFrame,
  ): Promise<OpenedSession & { readonly resumed: boolean; readonly previousPod?: string }> {
    const { sessions, metrics, config } = this.context;
    const startedAt = performance.now();
    if (hello.session) {
      metrics.reconnects.inc();
      const resumed = await sessions.resume(user, hello.session.id, hello.session.token);
      if (resumed) {
        metrics.resumes.inc({ outcome: resumed.previousPod === config.POD_NAME ? "same_pod" : "other_pod" });
        return { ...resumed, resumed: true };
      }
      metrics.resumes.inc({ outcome: "refused" });
    }
    return { ...(await sessions.create(user, performance.now() - startedAt)), resumed: false };
  }

  /** The user's inbox and the rooms in the hello. The session's other rooms were left while the client was away. */
  #roomsOf(hello: HelloFrame, session: Session): RoomRequest[] {
    const requests = new Map<string, RoomRequest>([[INBOX, { room: INBOX }]]);
    for (const request of hello.rooms) requests.set(request.room, request);
    for (const room of session.rooms) {
      if (!requests.has(room)) this.context.sessions.removeRoom(session, room).catch(() => undefined);
    }
    return [...requests.values()];
  }

  #joinAny(request: RoomRequest): Promise<void> {
    return this.subscriptions.join(request, request.room === INBOX ? "acked" : undefined);
  }

  #read(offset: number): void {
    const membership = this.subscriptions.of(INBOX);
    if (!membership?.room || offset > membership.position) return;
    const { epoch } = membership;
    this.#toNote = { room: membership.room.keys, position: { epoch, offset } };
    this.#noting ??= this.#noteRead().finally(() => (this.#noting = undefined));
  }

  /** One write at a time: the newest position includes those before it. */
  async #noteRead(): Promise<void> {
    while (this.#toNote) {
      const { room, position } = this.#toNote;
      this.#toNote = undefined;
      await this.context.roomStore.markRead(room, position).catch(() => undefined); // a later write has a newer position
    }
  }
  #toNote: { readonly room: RoomKeys; readonly position: Position } | undefined;
  #noting: Promise<void> | undefined;

  override sendSync(room: string, { epoch, offset }: Position, recovered: boolean, requestId?: number): void {
    this.#send({
      type: "sync",
      room,
      epoch,
      offset,
      recovered,
      ...(requestId !== undefined && { requestId }),
    });
  }

  override sendAck(room: string, id: number, offset: number): void {
    this.#send({ type: "ack", room, id, offset });
  }

  override sendError(code: ErrorCode, message: string, about: { room?: string; id?: number }): void {
    const retryable = code === "unavailable" || code === "rate_limited";
    this.#send({ type: "error", code, message, retryable, ...about });
  }

  override goAway(): boolean {
    this.goawayAt ??= Date.now();
    this.#send({ type: "goaway", reason: "drain", delayMs: 0 });
    return true;
  }

  override moveOn(): boolean {
    if (this.#state !== "open" || this.ended || this.goawayAt !== undefined) return false;
    this.#send({ type: "goaway", reason: "rebalance", delayMs: 0 });
    return true;
  }

  protected override onClosed(): void {
    clearTimeout(this.#handshakeTimer);
  }

  protected override repeatsPublishes(): boolean {
    return true;
  }

  override inboxWritten(): void {
    // The client itself reports what it has received.
  }

  protected override ping(): void {
    // An application frame, not a WebSocket control frame: a script in a browser sees only these, and must notice a dead socket
    // too.
    this.#send({ type: "ping" });
  }

  #send(frame: ServerFrame): void {
    this.transport.text(JSON.stringify(frame));
  }
}
