import { randomBytes } from "node:crypto";
import { closeCodes } from "../../protocol/close-codes";
import { INBOX, type ErrorCode, type Position } from "../../protocol/frames";
import { Connection } from "./connection";

/** A pause in which deliveries of the user's inbox are noted together. Milliseconds. */
const readDelayMs = 200;

/**
 * A connection without a subprotocol (wscat, a person): each line in is a message to the room in the path, each message
 * out one JSON line. It has a session, but cannot resume it: what it misses while it is away from a room is missed.
 * What was sent to its user waits, and is taken for received once it is written.
 */
export class PlainConnection extends Connection {
  #publishId = 0;
  #read: Position | undefined;
  #readTimer: NodeJS.Timeout | undefined;
  /** Lines that were read with the upgrade; the socket is not read until the session is open. */
  #early: string[] | undefined = [];

  /** Opens the session and joins. Not in the constructor: it takes time and can fail. */
  async start(): Promise<void> {
    this.gate.hold("greeting");
    try {
      const { user } = await this.authenticate(undefined, randomBytes(16).toString("base64url"));
      if (this.ended) return;
      const { session } = await this.context.sessions.create(user);
      if (!this.transport.open) return;
      this.adopt(session);
      const { room } = this.upgrade;
      const { subscriptions } = this;
      await subscriptions.joined(subscriptions.join({ room: INBOX }, "acked"), { room: INBOX });
      await subscriptions.joined(subscriptions.join({ room }), { room });
      if (!subscriptions.of(room)) {
        this.close(closeCodes.tryAgainLater, "the room could not be joined"); // where it may not be, it is closed already
      }
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const line of early) this.onText(line);
    } catch (error) {
      this.refuse(error);
    } finally {
      this.gate.release("greeting");
    }
  }

  protected override onText(text: string): void {
    if (this.#early) {
      this.#early.push(text);
      return;
    }
    for (const line of text.split(/\r?\n/)) {
      if (line !== "" && this.session && !this.ended)
        this.publishing.take(this.upgrade.room, this.session.id, ++this.#publishId, line, line.length);
    }
  }

  override sendSync(): void {
    // A line that is no message would puzzle whoever reads messages.
  }

  override sendAck(): void {
    // The message itself comes back.
  }

  override sendError(code: ErrorCode, message: string, about: { room?: string }): void {
    this.transport.text(JSON.stringify({ type: "error", code, message, ...about }));
    if (code === "forbidden" && about.room === this.upgrade.room)
      this.close(closeCodes.unauthorized, message);
  }

  /** There is no way to ask: its turn in the drain is its close. */
  override goAway(): boolean {
    void this.finish(closeCodes.serviceRestart, "service restart");
    return false;
  }

  /** Nor without closing it. */
  override moveOn(): boolean {
    return false;
  }

  /** A line that was refused is typed again as a new one. */
  protected override repeatsPublishes(): boolean {
    return false;
  }

  override inboxWritten(position: Position): void {
    this.#read = position;
    this.#readTimer ??= setTimeout(() => {
      this.#readTimer = undefined;
      const room = this.subscriptions.of(INBOX)?.room;
      if (room && this.#read) this.context.roomStore.markRead(room.keys, this.#read).catch(() => undefined);
    }, readDelayMs);
  }

  protected override ping(): void {
    this.transport.ping();
  }

  protected override onClosed(): void {
    clearTimeout(this.#readTimer);
  }

  /** Nobody can resume it, so its session ends with it, however it closes. */
  protected override isCleanLeave(): boolean {
    return true;
  }
}
