import { randomBytes } from "node:crypto";
import { closeCodes } from "../../protocol/close-codes";
import { INBOX, type ErrorCode, type Position } from "../../protocol/frames";
import { Connection } from "./connection";

/** How long deliveries of the user's inbox gather before they are noted together. Milliseconds. */
const readDelayMs = 200;

/**
 * A connection without a subprotocol (for example wscat). Each inbound line is a message to the room in the path; each outbound
 * message is one JSON line. It has a session but cannot resume it, so messages sent to the room while it is away are lost.
 * Messages in the user's inbox wait there, and count as received once they are written to the socket.
 */
export class PlainConnection extends Connection {
  #publishId = 0;
  #read: Position | undefined;
  #readTimer: NodeJS.Timeout | undefined;
  /** Lines that came with the upgrade. The socket is not read until the session is open. */
  #early: string[] | undefined = [];

  /** Opens the session and joins. Not in the constructor, because it is asynchronous and can fail. */
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
        this.close(closeCodes.tryAgainLater, "the room could not be joined"); // already closed if it was forbidden
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
    // Nothing is sent: the client expects only messages.
  }

  override sendAck(): void {
    // Nothing is sent: the message itself comes back to the sender.
  }

  override sendError(code: ErrorCode, message: string, about: { room?: string }): void {
    this.transport.text(JSON.stringify({ type: "error", code, message, ...about }));
    if (code === "forbidden" && about.room === this.upgrade.room)
      this.close(closeCodes.unauthorized, message);
  }

  /** There is no frame to ask a plain client to move. The drain closes it when its turn comes. */
  override goAway(): boolean {
    void this.finish(closeCodes.serviceRestart, "service restart");
    return false;
  }

  /** A plain client can only be moved by closing it. */
  override moveOn(): boolean {
    return false;
  }

  /** A person types a refused line again, and it is then a new message. */
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

  /** No client can resume this session, so it ends with the connection, whatever the close code. */
  protected override isCleanLeave(): boolean {
    return true;
  }
}
