import { messageOverheadBytes } from "../upstream-socket";
import type { Packet } from "./assembler";
import { objectIn, offsetIn, packetTypes, parseObject, withId } from "./packet";

/** A namespace that the client has joined, or has asked to join. */
export interface Namespace {
  readonly name: string;
  /** The JSON with which the client connected; empty if there was none. */
  readonly payload: string;
  /** The client was told that it is connected. */
  announced: boolean;
  /** The private session id of connection state recovery, if the server has it on. */
  pid?: string | undefined;
  /** The offset of the last event that was passed on. */
  offset?: string | undefined;
  /**
   * Each pod counts the events that request an acknowledgement from 0. This is added to a pod's ids, so that those of different
   * pods do not overlap.
   */
  shift: number;
  /** The largest id that the client knows. */
  top: number;
}

/** An event of the client that requests an acknowledgement and has none yet. */
export interface Unanswered {
  /** Undefined if it came by long-polling, where packets are not kept. */
  readonly packet: Packet | undefined;
  readonly at: number;
  /** How many pods were cut while they had this event. */
  cuts: number;
}

/** The contents of Engine.IO's open packet. Milliseconds. */
export interface EngineOpen {
  readonly sid: string;
  readonly pingInterval: number;
  readonly pingTimeout: number;
}

/**
 * How long the proxy waits for an acknowledgement. After that it will not come: many handlers never call back. The event is not
 * sent again. Milliseconds.
 */
export const answerMs = 30_000;

/** If this many pods were cut while an event was in progress, the event is probably the cause. */
const maxCuts = 2;

/** The most namespaces of one client, and the most bytes of the payloads with which they were connected. */
const maxNamespaces = 128;
const maxPayloadBytes = 65_536;

/**
 * What the proxy knows about one Socket.IO client, across all of its pods: its namespaces, and the events without an
 * acknowledgement. Pure: it has no socket.
 */
export class SocketIoSession {
  readonly namespaces = new Map<string, Namespace>();
  /** By namespace and id, in the order in which they were sent. */
  readonly unanswered = new Map<string, Unanswered>();
  /**
   * The client sent something unknown, or more than is kept, or the proxy has not seen the whole session: its pod cannot be
   * changed.
   */
  unreadable = false;
  /** When the last poll through this proxy began and ended, on the clock of `performance.now()`. */
  #pollBeganAt = -Infinity;
  #pollEndedAt = -Infinity;
  #onPoll: (() => void) | undefined;
  everConnected = false;
  unansweredBytes = 0;
  #payloadBytes = 0;
  /** Namespaces that the client has left. Packets that still arrive for them are ignored. */
  readonly #left = new Set<string>();

  constructor(
    readonly open: EngineOpen,
    /** Above this, the oldest events without an acknowledgement are dropped. */
    public maxUnansweredBytes: number,
  ) {}

  /** The memory that it takes. */
  get bytes(): number {
    return this.#payloadBytes + this.unansweredBytes + messageOverheadBytes * (1 + this.namespaces.size);
  }

  pollBegan(): void {
    this.#pollBeganAt = performance.now();
    this.#onPoll?.();
  }

  pollEnded(): void {
    this.#pollEndedAt = performance.now();
  }

  /** Whether a poll through this proxy ended after this time. */
  polledSince(time: number): boolean {
    return this.#pollEndedAt >= time;
  }

  /** Calls back once: when a poll begins, at once if one is in progress. Replaces the callback before it. */
  oncePolling(callback: () => void): void {
    if (this.#pollBeganAt > this.#pollEndedAt) {
      callback();
      return;
    }
    this.#onPoll = () => {
      this.#onPoll = undefined;
      callback();
    };
  }

  /** The client's packet for the pod that serves now; undefined if it is not for that pod. */
  toPod(packet: Packet, now: number, kept = true): Packet | undefined {
    const { head, text } = packet;
    const namespace = this.namespaces.get(head.namespace);
    if (head.type === packetTypes.connect) {
      this.#add(head.namespace, text.slice(head.dataAt), namespace);
      return packet;
    }
    // For a namespace that was left, the server would close the whole connection (socket.io, client.js, "invalid state").
    if (!namespace) return this.onUnknownNamespace(head.namespace) ? packet : undefined;
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
        if (id < 0) return undefined; // the pod that requested it is gone
        return namespace.shift === 0 ? packet : { ...packet, text: withId(text, head, id) };
      }
      default:
        return packet;
    }
  }

  /** A namespace's connection was confirmed. Returns true if its state was recovered, with its rooms and missed events. */
  connected(namespace: Namespace, packet: Packet): boolean {
    const pid = objectIn(packet.text, packet.head)?.pid;
    const recovered = typeof pid === "string" && pid === namespace.pid;
    if (!recovered) namespace.offset = undefined;
    namespace.pid = typeof pid === "string" ? pid : undefined;
    namespace.announced = true;
    this.everConnected = true;
    return recovered;
  }

  /** A pod's event, with the id that the client gets. */
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
   * Handles a packet of a namespace that the client is not in, as far as the proxy knows.
   *
   * @returns true if it never was in it: another proxy connected it, so this one could not connect it to the next pod
   */
  onUnknownNamespace(name: string): boolean {
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

  /** The payload for the next pod: the client's own, with the fields that recover the namespace's state. */
  payloadOf({ payload, pid, offset }: Namespace): string {
    if (pid === undefined) return payload;
    return JSON.stringify({ ...parseObject(payload), pid, ...(offset !== undefined && { offset }) });
  }

  /**
   * The pod is gone.
   *
   * @param cut whether it ended without a close frame
   * @returns false if the client's socket must be closed too, because only that fails the client's pending acknowledgements
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
    const { pid, offset } = object ?? {}; // set by a client that reconnects by itself
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
    // The oldest events are probably never acknowledged.
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

/** Reads an open packet, `0{…}`; undefined if it is not one. */
export function parseOpen(text: string): EngineOpen | undefined {
  const open = text.startsWith("0") ? parseObject(text.slice(1)) : undefined;
  const { sid, pingInterval, pingTimeout } = open ?? {};
  return typeof sid === "string" && typeof pingInterval === "number" && typeof pingTimeout === "number"
    ? { sid, pingInterval, pingTimeout }
    : undefined;
}
