import { HoldfastClient } from "../../app/client/node";
import type { Room } from "../../app/client/room";
import type { LoadClient, LoadClientArgs } from "./client";
import { SocketTracer } from "./traced-socket";

/** The client of `app/client`, as an application uses it. */
export class HoldfastLoadClient implements LoadClient {
  readonly #client: HoldfastClient;
  readonly #room: Room<unknown>;
  readonly #tracer: SocketTracer;
  #pending = 0;

  constructor({ url, room, dialing, events }: LoadClientArgs) {
    const { token, ...others } = dialing; // the token is sent in the first frame, because a refusal there has a reason
    // A socket serves from its welcome on, not from its upgrade.
    this.#tracer = new SocketTracer(others, { ...events, opened: () => undefined });
    this.#client = new HoldfastClient({
      url,
      webSocket: this.#tracer.webSocket,
      ...(token && { token: () => token() ?? "" }),
    });
    this.#client.on("connected", ({ pod }) => events.opened(pod));
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
}
