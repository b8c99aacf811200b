import type { RawData } from "ws";
import { Alarm, systemTimers } from "../../client/timers";
import { closeCodes } from "../../protocol/close-codes";
import { abnormal, policyViolation } from "../close-codes";
import type { Upstream } from "../dialer";
import { ProxiedConnection, type Admitted, type ProxyContext } from "../proxied-connection";
import { UpstreamSocket } from "../upstream-socket";
import { UpstreamReconnect } from "../upstream-reconnect";
import { Outgoing, type Guarantee } from "./outgoing";

/**
 * A proxied connection whose service may be any WebSocket server: messages pass unchanged. If an upstream ends and its close is
 * not final, the next pod is dialled with the same path, headers, subprotocol and session header.
 */
export class ProxiedPipe extends ProxiedConnection {
  readonly #outgoing: Outgoing;
  readonly #reconnect: UpstreamReconnect;
  readonly #linger = new Alarm(systemTimers);
  #pod: UpstreamSocket | undefined;
  #podSince = 0;
  #podLastSeenAt = 0;
  /** How the client closed. The service gets the close after all messages. */
  #closed: { readonly code: number; readonly reason: string } | undefined;
  #over = false;

  constructor(context: ProxyContext, admitted: Admitted, guarantee: Guarantee) {
    super(context, admitted);
    this.#outgoing = new Outgoing(guarantee);
    this.#reconnect = new UpstreamReconnect(context, admitted.request, {
      opened: (upstream) => this.#use(upstream, admitted.ws.protocol),
      refused: ({ status }) => this.close(policyViolation, `the service answered ${status}`),
      gaveUp: (why) => this.abandon(why),
    });
    this.#use(admitted.first, admitted.ws.protocol);
  }

  override get waitingBytes(): number {
    return this.#outgoing.bytes + (this.#pod?.bufferedBytes ?? 0);
  }

  override stop(): void {
    this.client.terminate();
    this.#end();
  }

  override tick(now: number): void {
    super.tick(now);
    const pod = this.#pod;
    if (!pod || pod.ws.isPaused) return;
    if (performance.now() - this.#podLastSeenAt > 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000)
      pod.terminate();
    else pod.ping();
  }

  #use({ ws, stream, address }: Upstream, protocol: string): void {
    const pod = new UpstreamSocket(ws, stream, () => this.#flow());
    this.#pod = pod;
    this.#podSince = this.#podLastSeenAt = performance.now();
    const seen = () => (this.#podLastSeenAt = performance.now());
    ws.on("message", (data: RawData, isBinary) => {
      seen();
      this.client.send(data as Buffer, isBinary);
      if (this.client.full) this.#flow();
    });
    ws.on("ping", seen);
    ws.on("pong", (payload) => {
      seen();
      this.#outgoing.confirmed(numberIn(payload));
      this.#send();
      this.#flow();
    });
    ws.on("close", (code, reason) => {
      if (pod === this.#pod) this.#lost(code, reason.toString(), address);
    });
    if (ws.readyState === ws.CLOSED) {
      this.#lost(abnormal, "", address);
    } else if (ws.protocol !== protocol) {
      // Another version of the service may choose another subprotocol, but the client's handshake is over.
      ws.terminate();
    } else {
      this.#reconnect.served();
      this.#send();
      this.#flow();
    }
  }

  #lost(code: number, reason: string, address: string): void {
    this.#pod = undefined;
    if (this.#over) return;
    if (this.context.isFinal(code)) {
      this.close(code, reason);
      if (this.#closed) this.#end();
      return;
    }
    this.#outgoing.rewind();
    const { endpoints } = this.context.dialer;
    if (code === abnormal) endpoints.failed(address);
    else endpoints.leaving(address);
    this.#reconnect.lost(code, performance.now() - this.#podSince);
    this.#flow();
  }

  protected override onMessage(data: Buffer, binary: boolean): void {
    this.#outgoing.push({ data, binary });
    this.#send();
    if (this.#mustWait() || this.client.full || this.#pod?.full === true) this.#flow();
  }

  protected override onClientDrained(): void {
    this.#flow();
  }

  /** What the client sent before it closed is sent first. */
  protected override onClientClosed(code: number, reason: string): void {
    this.#closed = { code, reason };
    if (this.#outgoing.size > 0)
      this.#linger.set(this.context.config.HOLD_SECONDS * 1_000, () => this.#end());
    else this.#end();
  }

  #send(): void {
    const pod = this.#pod;
    if (!pod) return;
    for (let next = this.#outgoing.next; next && !pod.full; next = this.#outgoing.next) {
      if (!pod.send(next.data, next.binary)) return; // the pod is closing: the next one gets the message
      this.#outgoing.sent();
    }
    const number = this.#outgoing.pingNumber();
    if (number !== undefined) pod.ping(Buffer.from(String(number)));
    if (this.#closed && this.#outgoing.size === 0) this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#linger.clear();
    this.#reconnect.stop();
    const { code, reason } = this.#closed ?? { code: closeCodes.goingAway, reason: "" };
    if (code === abnormal) this.#pod?.close(closeCodes.goingAway, "");
    else this.#pod?.close(code, reason);
    this.done();
  }

  #mustWait(): boolean {
    return this.#outgoing.bytes > this.context.config.MAX_WAITING_BYTES;
  }

  /** Reads each side only as fast as the other one takes the data. */
  #flow(): void {
    if (this.#pod && !this.#pod.full && this.#outgoing.next) this.#send();
    this.#pod?.read(!this.client.full);
    // A client that does not read the answers must not send more requests.
    this.client.read(!this.client.full && !this.#mustWait() && this.#pod?.full !== true);
  }
}

function numberIn(payload: Buffer): number {
  return payload.length > 0 && payload.length <= 16 ? Number(payload.toString("latin1")) : Number.NaN;
}
