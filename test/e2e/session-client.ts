import type { WebSocket } from "ws";
import { HoldfastClient } from "../../app/client/node";
import type { Room } from "../../app/client/room";
import { parseServerFrame } from "../../app/protocol/parse";
import type { LoadClient, LoadClientArgs } from "../../ops/load/client";
import { SocketTracer } from "../../ops/load/traced-socket";

/** One time at which a client began to be served. */
export interface Episode {
  readonly pod: string;
  /** The session's id. */
  readonly session: string;
  readonly resumed: boolean;
  /** Whether the old socket served until then. */
  readonly moved: boolean;
}

/** A Holdfast client for the load that also records its sessions. */
export class SessionClient implements LoadClient {
  readonly episodes: Episode[] = [];
  readonly #client: HoldfastClient;
  readonly #room: Room<unknown>;
  readonly #tracer: SocketTracer;
  #session = "";
  #pending = 0;

  constructor({ url, room, dialing, events }: LoadClientArgs) {
    this.#tracer = new SocketTracer(dialing, { ...events, opened: () => undefined });
    const listen = (socket: WebSocket) => this.#listen(socket);
    this.#client = new HoldfastClient({
      url,
      webSocket: class extends this.#tracer.webSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols);
          listen(this);
        }
      },
    });
    this.#client.on("connected", ({ pod, resumed, moved }) => {
      this.episodes.push({ pod, resumed, moved, session: this.#session });
      events.opened(pod);
    });
    this.#room = this.#client.join(room);
    this.#room.on("message", ({ data }) => events.message(data));
    this.#room.on("resynced", () => events.resynced());
  }

  get pending(): number {
    return this.#pending;
  }

  async start(): Promise<void> {
    await this.#client.connect();
    await this.#room.joined;
  }

  publish(data: string): void {
    this.#pending++;
    // A publish that fails permanently is a message that never arrives: the verdict counts it as lost.
    this.#room.publish(data).then(
      () => this.#pending--,
      () => this.#pending--,
    );
  }

  breakConnection(): void {
    this.#tracer.breakAll();
  }

  async stop(): Promise<void> {
    this.#tracer.leave();
    await this.#client.close();
  }

  /** The client does not expose its session's token; the welcome on the wire has the session. */
  #listen(socket: WebSocket): void {
    socket.prependListener("message", (data) => {
      const text = (data as Buffer).toString();
      const frame = text.startsWith('{"type":"welcome"') ? parseServerFrame(text) : undefined;
      if (frame?.type === "welcome") this.#session = frame.session.id;
    });
  }
}
