import type { IncomingMessage } from "node:http";
import { Transform, type TransformCallback } from "node:stream";
import { Refusal, type Passable } from "../admission";
import type { Answer, AnswerFilter, HttpRoute } from "../http-forwarder";
import type { ProxyContext } from "../proxied-connection";
import type { Packet } from "./assembler";
import { engineQuery, joinSid, splitSid, withSid } from "./engine-target";
import { packetTypes } from "./packet";
import { PayloadScanner } from "./payload-scanner";
import { PodTags } from "./pod-tags";
import { parseOpen, SocketIoSession } from "./session";

/** An open packet has about 120 bytes. A larger answer to a handshake is something else, and passes unchanged. */
const maxHandshakeBytes = 65_536;

/** How often expired sessions are removed. Milliseconds. */
const sweepMs = 5_000;

/** How late the next poll of a client may be. Milliseconds. */
const graceMs = 10_000;

/**
 * The memory for long-polling sessions: for one session, because it has no socket that the proxy could pause, and for all of
 * them. Above the second limit the oldest are dropped: they keep working, but end with their pods even after an upgrade. Bytes.
 */
const maxUnansweredBytes = 65_536;
const maxKeptBytes = 67_108_864;

/** The answer of Engine.IO's own server for a session that it does not have: clients then open a new one. */
const unknownSid = () =>
  new Refusal(400, "unknown_sid", '{"code":1,"message":"Session ID unknown"}', "application/json");

interface PollingSession {
  readonly state: SocketIoSession;
  expiresAt: number;
  /** This session's part of the total. */
  bytes: number;
  /** The number of polls in progress. */
  polls: number;
}

/** The pod and path for the upgrade of a session, or for the first request of one. */
export interface EngineTarget {
  readonly path: string;
  readonly address?: string;
  /** What this proxy knows about the session; undefined if another proxy has it. */
  readonly session?: SocketIoSession | undefined;
  readonly isUpgrade: boolean;
  readonly revision: string | undefined;
}

/**
 * The long-polling of Engine.IO: each request of a session must go to the pod that has it. A tag at the end of the client's
 * session id names that pod; the pod itself never sees the tag. So every proxy finds the pod without a cookie, which cross-origin
 * scripts and clients outside of browsers do not send.
 *
 * The traffic is inspected, so that a session that continues by WebSocket is known from its beginning.
 */
export class Polling {
  readonly #context: ProxyContext;
  readonly #tags: PodTags;
  readonly #sessions = new Map<string, PollingSession>();
  #bytes = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(context: ProxyContext) {
    this.#context = context;
    this.#tags = new PodTags(context.config.SERVICE_NAME);
    this.#timer = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /** The number of sessions that this proxy knows. */
  get size(): number {
    return this.#sessions.size;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async route(request: IncomingMessage, { request: { path } }: Passable): Promise<HttpRoute> {
    const { transport, revision } = engineQuery(path);
    if (transport !== "polling") return { path }; // other files of the service, such as its client script
    const { path: own, address, session } = await this.target(path);
    // A compressed body can be neither read nor changed.
    const without = ["accept-encoding"];
    if (address === undefined) {
      const onResponse = (answer: Answer) => this.#onHandshake(answer);
      return revision === "4" && request.method === "GET"
        ? { path: own, without, onResponse }
        : { path: own };
    }
    const known = session && this.#sessions.get(session.open.sid);
    const route = { path: own, address, unreachable: unknownSid() };
    if (!known) return route;
    this.#touch(known);
    if (request.method === "GET") known.state.pollBegan();
    const fromClient = new PayloadScanner((packet) => known.state.toPod(packet, performance.now(), false));
    return {
      ...route,
      without,
      onRequestBody: (chunk) => fromClient.push(chunk),
      onRequestEnd: () => {
        fromClient.end();
        this.#touch(known);
      },
      onResponse: ({ status }) => this.#onPoll(known, status),
    };
  }

  /** The target of an upgrade, or of a long-polling request. Rejects with {@link Refusal} if the pod is not known. */
  async target(path: string): Promise<EngineTarget> {
    const { sid: given, revision } = engineQuery(path);
    if (given === undefined) return { path, isUpgrade: false, revision };
    const { sid, tag } = splitSid(given);
    // The session was opened without a proxy: any pod may have it.
    if (tag === undefined) return { path, isUpgrade: true, revision };
    const address = this.#tags.addressOf(tag) ?? (await this.#discover(tag));
    if (address === undefined) throw unknownSid();
    return {
      path: withSid(path, sid),
      address,
      session: this.#sessions.get(sid)?.state,
      isUpgrade: true,
      revision,
    };
  }

  /** The session continues by WebSocket. */
  upgraded(session: SocketIoSession): void {
    this.#remove(session.open.sid);
  }

  async #discover(tag: string): Promise<string | undefined> {
    this.#tags.see(await this.#context.dialer.endpoints.addresses().catch(() => []));
    return this.#tags.addressOf(tag);
  }

  #onHandshake({ address, status, headers }: Answer): AnswerFilter | undefined {
    if (status !== 200 || headers["content-encoding"] !== undefined) return undefined;
    this.#tags.see([address]);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const rewrite = (text: string) => this.#rewrite(text, address);
    const stream = new Transform({
      transform(chunk: Buffer, _encoding, done: TransformCallback) {
        bytes += chunk.length;
        if (bytes <= maxHandshakeBytes) {
          chunks.push(chunk);
          done();
        } else {
          for (const held of chunks.splice(0)) this.push(held);
          done(null, chunk);
        }
      },
      flush(done) {
        done(null, bytes <= maxHandshakeBytes ? rewrite(Buffer.concat(chunks).toString()) : undefined);
      },
    });
    return { stream, resizes: true };
  }

  /** Adds the pod's tag to the session id in an open packet, and stores the session. */
  #rewrite(text: string, address: string): string {
    const [first = "", ...rest] = text.split("\u001e");
    const open = parseOpen(first);
    if (!open) return text;
    const state = new SocketIoSession(open, maxUnansweredBytes);
    const session: PollingSession = { state, expiresAt: 0, bytes: 0, polls: 0 };
    this.#remove(open.sid);
    this.#sessions.set(open.sid, session);
    this.#touch(session);
    const told = {
      ...(JSON.parse(first.slice(1)) as object),
      sid: joinSid(open.sid, this.#tags.tagOf(address)),
    };
    return [`0${JSON.stringify(told)}`, ...rest].join("\u001e");
  }

  /** Inspects the answer to a poll. */
  #onPoll(session: PollingSession, status: number): AnswerFilter | undefined {
    if (status !== 200) {
      this.#remove(session.state.open.sid);
      return undefined;
    }
    const scanner = new PayloadScanner((packet) => fromPod(session.state, packet));
    session.polls += 1;
    const stream = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        scanner.push(chunk);
        done(null, chunk);
      },
      flush(done) {
        scanner.end();
        session.state.pollEnded();
        done();
      },
    });
    stream.once("close", () => {
      session.polls -= 1;
      this.#touch(session);
    });
    return { stream, resizes: false };
  }

  #touch(session: PollingSession): void {
    const { pingInterval, pingTimeout } = session.state.open;
    session.expiresAt = performance.now() + pingInterval + pingTimeout + graceMs;
    if (this.#sessions.get(session.state.open.sid) !== session) return;
    this.#bytes += session.state.bytes - session.bytes;
    session.bytes = session.state.bytes;
    for (const [oldest] of this.#sessions) {
      if (this.#bytes <= maxKeptBytes && this.#sessions.size <= this.#context.config.MAX_CONNECTIONS) break;
      this.#remove(oldest);
    }
  }

  #remove(sid: string): void {
    this.#bytes -= this.#sessions.get(sid)?.bytes ?? 0;
    this.#sessions.delete(sid);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [sid, { polls, expiresAt }] of this.#sessions)
      if (polls === 0 && expiresAt < now) this.#remove(sid);
  }
}

/** Records what a pod sends to a client that polls. */
function fromPod(session: SocketIoSession, packet: Packet): void {
  const { head } = packet;
  const namespace = session.namespaces.get(head.namespace);
  if (!namespace) {
    session.onUnknownNamespace(head.namespace);
    return;
  }
  switch (head.type) {
    case packetTypes.connect:
      session.connected(namespace, packet);
      break;
    case packetTypes.disconnect:
    case packetTypes.connectError:
      session.remove(namespace);
      break;
    case packetTypes.event:
    case packetTypes.binaryEvent:
      session.toClient(namespace, packet);
      break;
    case packetTypes.ack:
    case packetTypes.binaryAck:
      if (head.id !== undefined) session.answered(namespace, head.id);
      break;
  }
}
