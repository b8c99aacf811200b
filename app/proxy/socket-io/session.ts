import { messageOverheadBytes } from "../upstream-socket";
import type { Packet } from "./assembler";
import { objectIn, offsetIn, packetTypes, parseObject, withId } from "./packet";

/** A namespace that the client is in, or has asked for. */
export interface Namespace {
  readonly name: string;
  /** The JSON that the client connected with; empty without. */
  readonly payload: string;
  /** The client was told that it is connected. */
  announced: boolean;
  /** Of connection state recovery, where the server has it on. */
  pid?: string | undefined;
  /** Of the last event that was passed on. */
  offset?: string | undefined;
  /** Servers count events that want an acknowledgement by themselves, so each pod's numbers get a place of their own. */
  shift: number;
  /** The largest number that the client knows. */
  top: number;
}

/** An event of the client's that wants an acknowledgement and has none yet. */
export interface Unanswered {
  /** Undefined where it went by long-polling, through which nothing is kept. */
  readonly packet: Packet | undefined;
  readonly at: number;
  /** How many pods were cut while they had it. */
  cuts: number;
}

/** What the open packet of Engine.IO says. Milliseconds. */
export interface EngineOpen {
  readonly sid: string;
  readonly pingInterval: number;
  readonly pingTimeout: number;
}

/**
 * An event that was not acknowledged for so long is taken for one that never will be: many handlers do not call back.
 * It is not sent again. Milliseconds.
 */
export const answerMs = 30_000;

/** An event in flight while so many pods were cut is what cuts them. */
const maxCuts = 2;

/** Namespaces, and bytes of what they were connected with, that one client may have. */
const maxNamespaces = 128;
const maxPayloadBytes = 65_536;

/**
 * What the proxy knows of one client of Socket.IO, over all its pods: who it is in each namespace, and what it waits for.
 * Pure: no socket.
 */
export class SocketIoSession {
  readonly namespaces = new Map<string, Namespace>();
  /** By namespace and id, in the order of sending. */
  readonly unanswered = new Map<string, Unanswered>();
  /** It said what is not understood here, or more than is kept, or was not seen whole: its pod cannot be changed. */
  unreadable = false;
  /** When the last poll ended that this proxy has seen; on the clock of `performance.now()`. */
  polledAt = -Infinity;
  everConnected = false;
  unansweredBytes = 0;
  #payloadBytes = 0;
  /** Namespaces that were left. What is still under way for them tells nothing. */
  readonly #left = new Set<string>();

  constructor(
    readonly open: EngineOpen,
    /** Beyond it the oldest events that want an acknowledgement are forgotten. */
    public maxUnansweredBytes: number,
  ) {}

  /** What it costs to keep. */
  get bytes(): number {
    return this.#payloadBytes + this.unansweredBytes + messageOverheadBytes * (1 + this.namespaces.size);
  }

  /** The client's packet as the pod that serves now gets it; undefined where it is not for that pod. */
  toPod(packet: Packet, now: number, kept = true): Packet | undefined {
    const { head, text } = packet;
    const namespace = this.namespaces.get(head.namespace);
    if (head.type === packetTypes.connect) {
      this.#add(head.namespace, text.slice(head.dataAt), namespace);
      return packet;
    }
    // For one that was left, the server would close the whole connection (socket.io, client.js, "invalid state").
    if (!namespace) return this.unseen(head.namespace) ? packet : undefined;
    switch (head.type) {
      case packetTypes.disconnect:
        this.remove(namespace);
        return packet;
      case packetTypes.event:
      case packetTypes.binaryEvent:
        if (head.id !== undefined) this.#await(namespace, head.id, kept ? packet : undefined, now);
        return packet;
      case packetTypes.ack:
      case packetTypes.binaryAck: {
        const id = (head.id ?? -1) - namespace.shift;
        if (id < 0) return undefined; // the pod that asked is gone
        return namespace.shift === 0 ? packet : { ...packet, text: withId(text, head, id) };
      }
      default:
        return packet;
    }
  }

  /** A namespace's connection was confirmed. True where it goes on as if nothing had been: with its rooms and missed events. */
  connected(namespace: Namespace, packet: Packet): boolean {
    const pid = objectIn(packet.text, packet.head)?.pid;
    const recovered = typeof pid === "string" && pid === namespace.pid;
    if (!recovered) namespace.offset = undefined;
    namespace.pid = typeof pid === "string" ? pid : undefined;
    namespace.announced = true;
    this.everConnected = true;
    return recovered;
  }

  /** A pod's event as the client gets it. */
  toClient(namespace: Namespace, packet: Packet): Packet {
    const { head, text } = packet;
    if (head.id === undefined) {
      if (namespace.pid !== undefined) namespace.offset = offsetIn(text) ?? namespace.offset;
      return packet;
    }
    const id = head.id + namespace.shift;
    namespace.top = Math.max(namespace.top, id);
    return namespace.shift === 0 ? packet : { ...packet, text: withId(text, head, id) };
  }

  /**
   * A packet of a namespace that the client is not in, as far as is known.
   *
   * @returns true where it never was: it was connected through another proxy, so the next pod could not be told of it
   */
  unseen(name: string): boolean {
    if (this.#left.has(name)) return false;
    this.unreadable = true;
    return true;
  }

  answered(namespace: Namespace, id: number): void {
    this.#remove(`${namespace.name}\n${id}`);
  }

  remove({ name, payload }: Namespace): void {
    if (!this.namespaces.delete(name)) return;
    this.#left.add(name);
    const [oldest] = this.#left;
    if (this.#left.size > maxNamespaces && oldest !== undefined) this.#left.delete(oldest);
    this.#payloadBytes -= payload.length;
    for (const key of [...this.unanswered.keys()]) if (key.startsWith(`${name}\n`)) this.#remove(key);
  }

  /** What the next pod is told for a namespace: as the client did, with what recovers its state. */
  payloadOf({ payload, pid, offset }: Namespace): string {
    if (pid === undefined) return payload;
    return JSON.stringify({ ...parseObject(payload), pid, ...(offset !== undefined && { offset }) });
  }

  /**
   * The pod is gone.
   *
   * @param cut without a close frame
   * @returns false where the client's socket must go as well: only then do its acknowledgements fail
   */
  podLost(cut: boolean, now: number): boolean {
    for (const namespace of this.namespaces.values()) namespace.shift = namespace.top + 1;
    for (const [key, event] of [...this.unanswered]) {
      if (now - event.at > answerMs) this.#remove(key);
      else if (cut) event.cuts += 1;
    }
    return [...this.unanswered.values()].every(({ packet, cuts }) => packet !== undefined && cuts < maxCuts);
  }

  #add(name: string, payload: string, before: Namespace | undefined): void {
    if (before) this.#payloadBytes -= before.payload.length;
    this.#payloadBytes += payload.length;
    const object = payload === "" ? {} : parseObject(payload);
    if (!object || this.namespaces.size >= maxNamespaces || this.#payloadBytes > maxPayloadBytes)
      this.unreadable = true;
    const { pid, offset } = object ?? {}; // of a client that has come back by itself
    this.namespaces.set(name, {
      name,
      payload,
      announced: false,
      pid: typeof pid === "string" ? pid : undefined,
      offset: typeof offset === "string" ? offset : undefined,
      shift: before?.shift ?? 0,
      top: before?.top ?? -1,
    });
  }

  #await({ name }: Namespace, id: number, packet: Packet | undefined, at: number): void {
    const key = `${name}\n${id}`;
    this.#remove(key);
    this.unanswered.set(key, { packet, at, cuts: 0 });
    this.unansweredBytes += costOf(packet);
    // The oldest are those that nobody answers.
    for (const [oldest] of this.unanswered) {
      if (this.unansweredBytes <= this.maxUnansweredBytes) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const event = this.unanswered.get(key);
    if (!event) return;
    this.unanswered.delete(key);
    this.unansweredBytes -= costOf(event.packet);
  }
}

function costOf(packet: Packet | undefined): number {
  return messageOverheadBytes + (packet?.bytes ?? 0);
}

/** Reads an open packet, `0{…}`; undefined where it is none. */
export function parseOpen(text: string): EngineOpen | undefined {
  const open = text.startsWith("0") ? parseObject(text.slice(1)) : undefined;
  const { sid, pingInterval, pingTimeout } = open ?? {};
  return typeof sid === "string" && typeof pingInterval === "number" && typeof pingTimeout === "number"
    ? { sid, pingInterval, pingTimeout }
    : undefined;
}
