import { WebSocket } from "ws";
import { HoldfastError } from "../../../app/client/errors";
import { HoldfastClient, type Connected } from "../../../app/client/node";
import type { Resync, Room, Subscription } from "../../../app/client/room";
import { INBOX, type ServerFrame } from "../../../app/protocol/frames";
import type { Acknowledged, Observation, Stored, View } from "./sent-log";
import { isAtTop } from "./sent-log";
import { WireAudit } from "./wire-audit";

/** Returns the URL for each new socket. */
export type Route = () => string;

/** The records of all clients, for the sent-message log. */
export interface Recording {
  readonly faults: string[];
  /** Events as text lines, for debugging. */
  readonly trace: (line: string) => void;
  readonly views: View[];
  readonly acknowledged: (Omit<Acknowledged, "mayBeLost"> & {
    readonly losses: number;
    /** Time from the publish to its acknowledgement. Milliseconds. */
    readonly tookMs?: number;
  })[];
  /** Returns how often Redis has lost data, or was about to. */
  losses: () => number;
}

interface Watched {
  readonly subscription: Subscription<unknown>;
  readonly observations: Observation[];
}

/**
 * The real client, with a record of everything that it receives and of everything on its wire, and with the faults of a user's
 * network.
 */
export class RecordedClient {
  readonly client: HoldfastClient;
  /** Each connection that served. */
  readonly connections: Connected[] = [];
  /** Each report of a loss. */
  readonly resyncs: Resync[] = [];
  /** Its connection id, from the newest welcome. */
  sessionId: string | undefined;
  /** Its user id, once it has connected. */
  user: string | undefined;
  /** The close codes of its sockets. */
  readonly closes: number[] = [];
  /** Publishes without an answer, by their data. */
  readonly pending = new Set<string>();
  readonly #sockets = new Set<WebSocket>();
  readonly #rooms = new Map<string, Watched & { readonly subscription: Room<unknown> }>();
  readonly #own: Watched;
  /** Numbers the publishes to each room. */
  readonly #published = new Map<string, number>();

  constructor(
    readonly name: string,
    route: Route,
    private readonly recording: Recording,
    random: () => number = Math.random,
  ) {
    const fault = (text: string) => recording.faults.push(`${name}, on the wire: ${text}`);
    const track = (socket: WebSocket) => this.#track(socket);
    const welcomed = (id: string) => (this.sessionId = id);
    let sockets = 0;
    this.client = new HoldfastClient({
      url: "ws://pods.invalid",
      webSocket: class extends WebSocket {
        readonly #audit = new WireAudit(fault);
        readonly #name = `${name}/${++sockets}`;

        constructor(url: string, protocols: string[]) {
          super(`${route()}${new URL(url).pathname}`, protocols, { perMessageDeflate: false });
          recording.trace(`${this.#name} opens to ${this.url}`);
          this.on("message", (data: Buffer) => {
            const text = data.toString();
            recording.trace(`${this.#name} < ${text}`);
            const frame = JSON.parse(text) as ServerFrame;
            if (frame.type === "welcome") welcomed(frame.session.id);
            this.#audit.received(frame);
          });
          this.on("close", (code) => recording.trace(`${this.#name} closed ${code}`));
          track(this);
        }

        override send(data: string): void {
          recording.trace(`${this.#name} > ${data}`);
          this.#audit.sent(data);
          super.send(data);
        }
      },
      backoff: { baseMs: 20, maxMs: 250, stableMs: 1_000 },
      connectTimeoutMs: 3_000,
      random,
    });
    this.#own = { subscription: this.client.own, observations: [] };
    this.#watch(this.#own);
    this.client.on("connected", (connected) => {
      this.connections.push(connected);
      this.user = connected.user;
    });
    this.client.on("resynced", (resync) => this.resyncs.push(resync));
    this.client.connect().catch(() => undefined); // closed before it connected
  }

  /** Open sockets, and sockets that are being opened. */
  get sockets(): ReadonlySet<WebSocket> {
    return this.#sockets;
  }

  /** The name of its inbox in the log. */
  get inbox(): string {
    return `${INBOX} of ${this.name}`;
  }

  get rooms(): readonly string[] {
    return [...this.#rooms.keys()];
  }

  /** Its position in each of its rooms, including its inbox. */
  get positions(): ReadonlyMap<string, Subscription<unknown>["position"]> {
    const own = [this.inbox, this.#own.subscription.position] as const;
    return new Map([
      own,
      ...[...this.#rooms].map(([id, { subscription }]) => [id, subscription.position] as const),
    ]);
  }

  /** Whether it is at the end of each of its rooms that is in this list. */
  isAtTopOf(stored: readonly Stored[]): boolean {
    const positions = this.positions;
    return stored.every((room) => !positions.has(room.room) || isAtTop(positions.get(room.room), room));
  }

  join(id: string): void {
    if (this.#rooms.has(id)) return;
    const watched = { subscription: this.client.join(id), observations: [] };
    this.#rooms.set(id, watched);
    this.#watch(watched);
  }

  leave(id: string): void {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    this.#note(id, room, false);
    room.subscription.leave();
  }

  /** Publishes the next number to one of its rooms; the padding makes the message large. */
  publish(id: string, padding = ""): void {
    const room = this.#rooms.get(id)?.subscription;
    if (!room) return;
    const number = (this.#published.get(id) ?? 0) + 1;
    this.#published.set(id, number);
    const data = `${this.name}#${number}${padding && `#${padding}`}`;
    const losses = this.recording.losses();
    const at = performance.now();
    this.pending.add(data);
    room.publish(data).then(
      (offset) => {
        this.pending.delete(data);
        this.recording.acknowledged.push({ room: id, data, offset, losses, tookMs: performance.now() - at });
      },
      (error: unknown) => {
        this.pending.delete(data);
        // The room was left, or the client closed, before the answer came: nothing is guaranteed then. Any other failure is an
        // error.
        const code = error instanceof HoldfastError ? error.code : String(error);
        if (code === "HOLDFAST_LEFT" || code === "HOLDFAST_CLOSED" || code === "HOLDFAST_BACKLOG") return;
        this.recording.faults.push(`${this.name}: ${data} failed with ${code}: ${String(error)}`);
      },
    );
  }

  /** Breaks its network: no close frame reaches either side. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Reads nothing for a while: a stalled network, or a page in the background. */
  stall(): void {
    for (const socket of this.#sockets) if (socket.readyState === WebSocket.OPEN) socket.pause();
  }

  resume(): void {
    for (const socket of this.#sockets) if (socket.isPaused) socket.resume();
  }

  /** Closes permanently. */
  async close(): Promise<void> {
    this.seal(false);
    this.resume(); // so that it can receive the closing handshake
    await this.client.close();
  }

  /** Stores what it has received; `final` if it is still in its rooms and its position counts. */
  seal(final: boolean): void {
    for (const [id, room] of this.#rooms) this.#note(id, room, final);
    this.#note(this.inbox, this.#own, final);
    this.#rooms.clear();
  }

  #watch({ subscription, observations }: Watched): void {
    subscription.on("message", ({ offset, data }) => {
      const epoch = subscription.position?.epoch ?? "none";
      observations.push({ kind: "message", epoch, offset, data: String(data) });
    });
    subscription.on("resynced", ({ position }) => observations.push({ kind: "resynced", ...position }));
    subscription.joined.then(
      () => {
        const { position } = subscription;
        if (position && observations.length === 0) observations.push({ kind: "joined", ...position });
      },
      () => undefined, // left before the answer
    );
  }

  #note(room: string, { subscription, observations }: Watched, final: boolean): void {
    this.recording.views.push({
      client: this.name,
      room,
      observations: [...observations],
      end: final ? subscription.position : undefined,
    });
  }

  #track(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined); // a close follows
    socket.once("close", (code) => {
      this.closes.push(code);
      this.#sockets.delete(socket);
    });
  }
}
