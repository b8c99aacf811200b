import type { RawData } from "ws";
import { Alarm, systemTimers } from "../../client/timers";
import { closeCodes } from "../../protocol/close-codes";
import { abnormal, policyViolation } from "../close-codes";
import type { Upstream } from "../dialer";
import { ProxiedConnection, type Admitted, type ProxyContext } from "../proxied-connection";
import { UpstreamReconnect } from "../upstream-reconnect";
import { messageOverheadBytes, UpstreamSocket } from "../upstream-socket";
import { Assembler, type Packet } from "./assembler";
import { withSid, engineQuery } from "./engine-target";
import { connectPacket, engineTypes, packetTypes } from "./packet";
import { parseOpen, SocketIoSession, type Namespace } from "./session";

/** How the client connected, and what is known about it. */
export interface EngineStart {
  /** Whether it upgrades a long-polling session. */
  readonly isUpgrade: boolean;
  /** The state of that session; undefined if this proxy does not know it. */
  readonly session: SocketIoSession | undefined;
  /** Called once the upgrade is complete. */
  readonly onUpgraded: (session: SocketIoSession) => void;
}

/**
 * Servers close a client that has joined no namespace within 45 s (`connectTimeout` of Socket.IO). Before that time, such a close
 * can only mean that the pod ends. Milliseconds.
 */
const connectTimeoutMs = 40_000;

/** Engine.IO's answer to the probe of a client that upgrades: the client polls until it gets this. */
const probed = "3probe";

/**
 * How long that answer waits for a poll at most; the client upgrades later by as much. A server waits 10 s for an upgrade
 * (`upgradeTimeout` of Engine.IO). Milliseconds.
 */
const probeWaitMs = 1_000;

/**
 * - `opening`: its first pod has not sent its open packet yet.
 * - `probing`: it upgrades a long-polling session; both transports are open, and end together.
 * - `live`: pods can change behind it.
 * - `transparent`: it uses an unknown protocol. Every frame passes unchanged, and it ends with its pod.
 */
type Phase = "opening" | "probing" | "live" | "transparent";

/** The phases of a pod behind a live connection: it opens, connects the namespaces again, and serves. */
type PodPhase = "opening" | "connecting" | "serving";

/**
 * A Socket.IO client by WebSocket. It sees one Engine.IO connection that never ends: the proxy does not pass on the open packet
 * of the next pod, answers the pings of each side, and connects the client's namespaces again in the same way as the client did.
 */
export class ProxiedSocketIo extends ProxiedConnection {
  #phase: Phase;
  #session: SocketIoSession | undefined;
  readonly #start: EngineStart;
  readonly #startedAt = performance.now();
  #probedAt = Infinity;
  readonly #reconnect: UpstreamReconnect;
  readonly #fromClient: Assembler;
  #fromPod = new Assembler();
  /** Packets of the client that were not sent to a pod yet. */
  readonly #queue: Packet[] = [];
  #queueBytes = 0;
  #pod: UpstreamSocket | undefined;
  #podPhase: PodPhase = "serving";
  #podSince = 0;
  #podLastSeenAt = 0;
  /** Namespaces that the pod has not confirmed yet. */
  readonly #awaited = new Set<string>();
  readonly #deadline = new Alarm(systemTimers);
  readonly #linger = new Alarm(systemTimers);
  #pings: NodeJS.Timeout | undefined;
  /** The client is closing: with Engine.IO's packet, or with a WebSocket close. */
  #leaving = false;
  #closed: { readonly code: number; readonly reason: string } | undefined;
  #over = false;

  constructor(context: ProxyContext, admitted: Admitted, start: EngineStart) {
    super(context, admitted);
    this.#start = start;
    this.#session = start.session;
    this.#fromClient = new Assembler(context.config.MAX_WAITING_BYTES);
    const { path } = admitted.request;
    const known = start.isUpgrade ? start.session !== undefined : engineQuery(path).revision === "4";
    this.#phase = !known ? "transparent" : start.isUpgrade ? "probing" : "opening";
    const request = { ...admitted.request, path: withSid(path, undefined) };
    this.#reconnect = new UpstreamReconnect(context, request, {
      opened: (upstream) => this.#use(upstream, "opening"),
      refused: ({ status }) => this.close(policyViolation, `the service answered ${status}`),
      gaveUp: (why) => this.abandon(why),
    });
    this.#use(admitted.first, "serving");
  }

  override get waitingBytes(): number {
    const unanswered = this.#session?.unansweredBytes ?? 0;
    return this.#ownBytes + unanswered + (this.#pod?.bufferedBytes ?? 0);
  }

  get #ownBytes(): number {
    return this.#queueBytes + this.#fromClient.bytes;
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

  // ---- one pod after the other ----

  #use({ ws, stream, address }: Upstream, phase: PodPhase): void {
    const pod = new UpstreamSocket(ws, stream, () => this.#flow());
    this.#pod = pod;
    this.#podPhase = phase;
    this.#fromPod = new Assembler();
    this.#podSince = this.#podLastSeenAt = performance.now();
    const seen = () => (this.#podLastSeenAt = performance.now());
    ws.on("message", (data: RawData, binary) => {
      seen();
      if (pod === this.#pod) this.#onPodMessage(pod, data as Buffer, binary);
      if (this.client.full) this.#flow();
    });
    ws.on("ping", seen);
    ws.on("pong", seen);
    ws.on("close", (code, reason) => {
      if (pod === this.#pod) this.#lost(code, reason.toString(), address);
    });
    if (ws.readyState === ws.CLOSED) {
      this.#lost(abnormal, "", address);
      return;
    }
    if (phase === "opening") {
      const ms = this.context.config.HANDSHAKE_TIMEOUT_SECONDS * 1_000;
      this.#deadline.set(ms, () => pod.terminate());
    }
    this.#flow();
  }

  #lost(code: number, reason: string, address: string): void {
    this.#pod = undefined;
    this.#deadline.clear();
    this.#awaited.clear();
    if (this.#over) return;
    const end = this.#endBy(code);
    if (end !== undefined || this.#leaving) {
      this.close(end ?? code, reason);
      if (this.#closed) this.#end();
      return;
    }
    const { endpoints } = this.context.dialer;
    if (code === abnormal) endpoints.failed(address);
    else endpoints.leaving(address);
    this.#reconnect.lost(code, this.#podPhase === "serving" ? performance.now() - this.#podSince : 0);
    this.#flow();
  }

  /** The code with which the client is closed after its pod ended; undefined if the next pod takes over. */
  #endBy(code: number): number | undefined {
    const session = this.#session;
    if (this.#phase !== "live" || !session || session.unreadable || this.context.isFinal(code)) return code;
    const left =
      session.namespaces.size === 0 &&
      (session.everConnected || performance.now() - this.#startedAt > connectTimeoutMs);
    if (left && this.#queue.length === 0) return code; // the server has disconnected the client from every namespace
    return session.podLost(code === abnormal, performance.now()) ? undefined : closeCodes.serviceRestart;
  }

  /** The next pod has opened: sends it the client's namespaces. */
  #connectAgain(pod: UpstreamSocket, session: SocketIoSession): void {
    this.#podPhase = "connecting";
    for (const namespace of session.namespaces.values()) {
      pod.send(connectPacket(namespace.name, session.payloadOf(namespace)));
      this.#awaited.add(namespace.name);
    }
    this.#confirmed();
  }

  #confirmed(namespace?: string): void {
    if (namespace !== undefined) this.#awaited.delete(namespace);
    if (this.#podPhase !== "connecting" || this.#awaited.size > 0) return;
    this.#deadline.clear();
    this.#podPhase = "serving";
    this.#podSince = performance.now();
    this.#reconnect.served();
    for (const { packet } of this.#session?.unanswered.values() ?? []) if (packet) this.#write(packet);
    this.#send();
    this.#flow();
  }

  // ---- packets of pods ----

  #onPodMessage(pod: UpstreamSocket, data: Buffer, binary: boolean): void {
    if (this.#phase === "transparent" || this.#phase === "probing") {
      if (this.#phase === "probing" && !binary && data.toString() === probed) this.#onProbed(data);
      else this.client.send(data, binary);
      return;
    }
    const read = this.#fromPod.push(data, binary);
    switch (read.kind) {
      case "engine":
        this.#onEngine(pod, read.text);
        break;
      case "packet":
        this.#onPacket(pod, read.packet);
        break;
      case "unreadable":
        this.#passThrough();
        for (const frame of read.frames) this.client.send(frame, typeof frame !== "string");
        break;
      case "partial":
        break;
    }
  }

  /**
   * A client polls, one poll after the other, until it gets the answer to its probe. So the answer waits until a poll is in
   * progress here: then that one is its last, and this proxy has seen all. If none comes, the client polls through another proxy.
   */
  #onProbed(answer: Buffer): void {
    const pass = () => {
      this.#deadline.clear();
      if (this.#over || this.#probedAt < Infinity) return;
      this.#probedAt = performance.now();
      this.client.send(answer, false);
    };
    this.#deadline.set(probeWaitMs, pass);
    this.#session?.oncePolling(pass);
  }

  #onEngine(pod: UpstreamSocket, text: string): void {
    switch (text.charAt(0)) {
      case engineTypes.open:
        if (this.#phase === "opening") this.#opened(text);
        else if (this.#podPhase === "opening" && this.#session) this.#connectAgain(pod, this.#session);
        break;
      case engineTypes.ping:
        pod.send(`${engineTypes.pong}${text.slice(1)}`);
        break;
      case engineTypes.close:
        pod.close(closeCodes.normal, "");
        break;
    }
  }

  #opened(text: string): void {
    const open = parseOpen(text);
    if (open) this.#live(new SocketIoSession(open, this.context.config.MAX_WAITING_BYTES));
    else this.#passThrough();
    this.client.send(text);
    this.#send();
  }

  #onPacket(pod: UpstreamSocket, packet: Packet): void {
    const { head } = packet;
    const session = this.#session;
    const namespace = session?.namespaces.get(head.namespace);
    if (!session || !namespace) {
      session?.onUnknownNamespace(head.namespace);
      this.#sendToClient(packet);
      return;
    }
    switch (head.type) {
      case packetTypes.connect: {
        const before = namespace.announced;
        // A client with a new id knows that it must set up its state again. A client whose state was recovered has nothing to do,
        // so it is not told.
        if (!session.connected(namespace, packet) || !before) this.#sendToClient(packet);
        this.#confirmed(namespace.name);
        break;
      }
      case packetTypes.connectError:
        this.#refused(session, namespace, packet);
        break;
      case packetTypes.disconnect:
        session.remove(namespace);
        this.#sendToClient(packet);
        this.#confirmed(namespace.name);
        break;
      case packetTypes.event:
      case packetTypes.binaryEvent:
        this.#sendToClient(session.toClient(namespace, packet));
        break;
      default:
        if (head.id !== undefined) session.answered(namespace, head.id);
        this.#sendToClient(packet);
    }
  }

  /**
   * A connected client ignores a refusal: its socket would still count as connected. After a close it reconnects by itself, and
   * its `auth` function may have a better token by then.
   */
  #refused(session: SocketIoSession, namespace: Namespace, packet: Packet): void {
    if (namespace.announced) {
      this.close(closeCodes.serviceRestart, `the next pod refused ${namespace.name}`);
      return;
    }
    session.remove(namespace);
    this.#sendToClient(packet);
    this.#confirmed(namespace.name);
  }

  #sendToClient({ text, attachments }: Packet): void {
    this.client.send(text);
    for (const attachment of attachments) this.client.send(attachment, true);
  }

  // ---- packets of the client ----

  protected override onMessage(data: Buffer, binary: boolean): void {
    if (this.#phase === "transparent") {
      this.#pod?.send(data, binary);
      if (this.#pod?.full === true) this.#flow();
      return;
    }
    const read = this.#fromClient.push(data, binary);
    switch (read.kind) {
      case "engine":
        this.#onClientEngine(read.text);
        break;
      case "packet":
        this.#queue.push(read.packet);
        this.#queueBytes += costOf(read.packet);
        this.#send();
        break;
      case "unreadable":
        // These frames would have to wait behind packets that wait for a pod, and cannot wait.
        if (this.#queue.length > 0) {
          this.close(policyViolation, "not a packet of Socket.IO");
          return;
        }
        this.#passThrough();
        for (const frame of read.frames) this.#pod?.send(frame, typeof frame !== "string");
        break;
      case "partial":
        break;
    }
    if (this.#mustWait()) this.#flow();
  }

  #onClientEngine(text: string): void {
    switch (text.charAt(0)) {
      case engineTypes.upgrade:
        if (this.#phase !== "probing" || !this.#session) return;
        this.#pod?.send(text);
        this.#start.onUpgraded(this.#session);
        // A client upgrades when its last poll has ended. If that one went through another proxy, others may have too.
        if (!this.#session.polledSince(this.#probedAt)) this.#session.unreadable = true;
        this.#live(this.#session);
        break;
      case engineTypes.close:
        this.#leaving = true;
        this.#pod?.send(text);
        break;
      default:
        if (this.#phase === "probing") this.#pod?.send(text);
    }
  }

  #live(session: SocketIoSession): void {
    this.#session = session;
    session.maxUnansweredBytes = this.context.config.MAX_WAITING_BYTES;
    this.#phase = "live";
    this.#pings = setInterval(() => this.client.send(engineTypes.ping), session.open.pingInterval).unref();
  }

  /** From now on nothing is inspected, and the next pod could not take this client over. */
  #passThrough(): void {
    this.#phase = "transparent";
    clearInterval(this.#pings);
  }

  protected override onClientDrained(): void {
    this.#flow();
  }

  /** What the client sent before it closed is sent first. */
  protected override onClientClosed(code: number, reason: string): void {
    clearInterval(this.#pings);
    this.#closed = { code, reason };
    if (this.#queue.length > 0 && this.#phase === "live")
      this.#linger.set(this.context.config.HOLD_SECONDS * 1_000, () => this.#end());
    else this.#end();
  }

  #send(): void {
    const pod = this.#pod;
    if (!pod || this.#podPhase !== "serving" || !this.#session) return;
    while (this.#queue.length > 0 && pod.open && !pod.full) {
      const [next] = this.#queue.splice(0, 1) as [Packet];
      this.#queueBytes -= costOf(next);
      const packet = this.#session.toPod(next, performance.now());
      if (packet) this.#write(packet);
    }
    if (this.#closed && this.#queue.length === 0) this.#end();
  }

  #write({ text, attachments }: Packet): void {
    this.#pod?.send(text);
    for (const attachment of attachments) this.#pod?.send(attachment, true);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#linger.clear();
    this.#deadline.clear();
    clearInterval(this.#pings);
    this.#reconnect.stop();
    const { code, reason } = this.#closed ?? { code: closeCodes.goingAway, reason: "" };
    if (code === abnormal) this.#pod?.close(closeCodes.goingAway, "");
    else this.#pod?.close(code, reason);
    this.done();
  }

  #mustWait(): boolean {
    return this.#ownBytes > this.context.config.MAX_WAITING_BYTES || this.#pod?.full === true;
  }

  /** Reads each side only as fast as the other one takes the data. */
  #flow(): void {
    if (this.#pod && !this.#pod.full && this.#queue.length > 0) this.#send();
    this.#pod?.read(!this.client.full);
    this.client.read(!this.#mustWait() && !this.client.full);
  }
}

function costOf({ bytes, attachments }: Packet): number {
  return bytes + messageOverheadBytes * (1 + attachments.length);
}
