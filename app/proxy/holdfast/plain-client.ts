import { randomClientId } from "../../client/client-id";
import { HoldfastError } from "../../client/errors";
import { Outbox } from "../../client/outbox";
import { Receipts } from "../../client/receipts";
import { Alarm, systemTimers } from "../../client/timers";
import { closeCodes } from "../../protocol/close-codes";
import {
  limits,
  INBOX,
  type AckFrame,
  type ErrorFrame,
  type MessageFrame,
  type ServerFrame,
} from "../../protocol/frames";
import type { Admitted, ProxyContext } from "../proxied-connection";
import { messageOverheadBytes } from "../upstream-socket";
import { retrySettings } from "../upstream-reconnect";
import { ProxiedSession } from "./proxied-session";
import type { PodSocket } from "./pod-socket";

/**
 * How long the proxy tries to publish a line before it tells the sender that the line may be lost. The same as for a client's
 * publish. Milliseconds.
 */
const publishTimeoutMs = 120_000;

/**
 * A client without a subprotocol (wscat, or a browser's bare WebSocket): each inbound line is a message to the room in its path,
 * each outbound message is one JSON line, as with a pod. Unlike with a pod, the client misses nothing, because the proxy keeps a
 * session for it.
 */
export class ProxiedPlainClient extends ProxiedSession {
  readonly #room: string;
  readonly #outbox: Outbox;
  readonly #receipts: Receipts;
  /** Lines that wait because the protocol limits the number of publishes without an answer. */
  #lines: string[] = [];
  #linesBytes = 0;
  #unanswered = 0;
  #unansweredBytes = 0;
  #gone = false;
  readonly #linger = new Alarm(systemTimers);

  constructor(context: ProxyContext, admitted: Admitted, room: string) {
    super(context, admitted);
    this.#room = room;
    this.#outbox = new Outbox(room, { ...retrySettings, publishTimeoutMs });
    this.#receipts = new Receipts(systemTimers, (offset) =>
      this.sendToPod(JSON.stringify({ type: "read", room: INBOX, offset })),
    );
    this.onHello({ type: "hello", client: randomClientId(), rooms: [{ room }] });
  }

  override get waitingBytes(): number {
    return this.#linesBytes + this.#unansweredBytes + this.pendingJoinBytes;
  }

  override stop(): void {
    this.client.terminate();
    this.#end();
  }

  protected override onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.close(closeCodes.unsupportedData, "text only");
      return;
    }
    for (const line of data.toString().split(/\r?\n/)) {
      if (line === "") continue;
      this.#lines.push(line);
      this.#linesBytes += costOf(line);
    }
    this.#publishLines();
    if (this.mustWait()) this.updateFlow();
  }

  #publishLines(): void {
    while (this.#unanswered < limits.unacknowledged) {
      const line = this.#lines.shift();
      if (line === undefined) return;
      this.#linesBytes -= costOf(line);
      this.#unanswered += 1;
      this.#unansweredBytes += costOf(line);
      this.#outbox
        .publish(line)
        .catch((error: unknown) => this.#sendPublishFailure(error as HoldfastError))
        .finally(() => this.#answered(line));
    }
  }

  #answered(line: string): void {
    const waited = this.mustWait();
    this.#unanswered -= 1;
    this.#unansweredBytes -= costOf(line);
    this.#publishLines();
    if (waited && !this.mustWait()) this.updateFlow();
    if (this.#gone && this.#unanswered === 0) this.#end();
  }

  #sendPublishFailure(error: HoldfastError): void {
    const cause = error.cause as ErrorFrame | undefined;
    this.#sendError({
      code: cause?.code ?? (error.code === "HOLDFAST_TIMEOUT" ? "unavailable" : "bad_frame"),
      message: cause?.message ?? error.message,
      room: this.#room,
      ...(cause?.id !== undefined && { id: cause.id }),
    });
  }

  /** Its last lines may still wait for a pod, so they are sent before the session ends. */
  protected override onClientClosed(): void {
    this.#gone = true;
    if (this.#unanswered === 0) this.#end();
    else this.#linger.set(this.context.config.HOLD_SECONDS * 1_000, () => this.#end());
  }

  /** No client can resume this session, so it ends with the connection, whatever the close code. */
  #end(): void {
    this.#linger.clear();
    this.#receipts.flush();
    this.#receipts.unsubscribe();
    this.end(closeCodes.normal);
    this.#outbox.abandon(new HoldfastError("HOLDFAST_CLOSED", "the client is gone"));
  }

  protected override sendToClient(frame: ServerFrame | undefined): void {
    if (frame?.type === "error") this.#sendError(frame);
  }

  protected override sendSync(): void {
    // Nothing is sent: the client expects only messages.
  }

  protected override sendMessage({ room, offset }: MessageFrame, text: string): void {
    this.client.send(text);
    if (room === INBOX) this.#receipts.mark(offset);
  }

  protected override sendAck({ id, offset }: AckFrame): void {
    this.#outbox.take(id)?.resolve(offset); // no acknowledgement is sent: the message itself comes back to the sender
  }

  protected override sendPublishError(frame: ErrorFrame & { id: number }): void {
    if (frame.retryable || frame.code === "not_joined") this.#outbox.retryLater(frame.id);
    else this.#outbox.take(frame.id)?.reject(new HoldfastError("HOLDFAST_REFUSED", frame.message, frame));
  }

  protected override sendJoinError(frame: ErrorFrame): void {
    this.#sendError(frame);
    if (frame.room === this.#room) this.close(closeCodes.unauthorized, frame.message);
  }

  protected override attach(room: string, socket: PodSocket): void {
    if (room === this.#room) this.#outbox.attach(socket);
    else this.#receipts.flush();
  }

  protected override detach(): void {
    this.#outbox.detach();
  }

  protected override mustWait(): boolean {
    return this.#lines.length > 0 || this.waitingBytes > this.context.config.MAX_WAITING_BYTES;
  }

  #sendError({ code, message, room, id }: Pick<ErrorFrame, "code" | "message" | "room" | "id">): void {
    this.client.send(
      JSON.stringify({
        type: "error",
        code,
        message,
        ...(room && { room }),
        ...(id !== undefined && { id }),
      }),
    );
  }
}

function costOf(line: string): number {
  return line.length + messageOverheadBytes;
}
