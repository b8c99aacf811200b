import type { Cluster, Redis } from "ioredis";
import { INBOX } from "../../../app/protocol/frames";
import { roomKeys } from "../../../app/server/store/keys";
import { violations } from "./sent-log";
import { measured } from "./measured";
import { serviceName, type Pod } from "./pods";
import { RecordedClient, type Recording } from "./recorded-client";
import { emptyRoom, isAtTop } from "./sent-log";
import { readStored } from "./stored";
import { until } from "./until";

/** Some pods with their clients, into which one fault is injected. Every fault test begins with one. */
export class TestSystem {
  readonly pods: Pod[] = [];
  readonly clients: RecordedClient[] = [];
  readonly recording: Recording = {
    faults: [],
    views: [],
    acknowledged: [],
    losses: () => this.losses,
    trace: () => undefined,
  };
  /** A test increases it when Redis has lost data: earlier messages may be gone. */
  losses = 0;
  #publishing: NodeJS.Timeout | undefined;

  /** @param redis reads what is stored, over a connection without faults */
  constructor(private readonly redis: Redis | Cluster) {}

  /** Adds a client of this pod, as long as that is ready; otherwise of any ready pod. */
  addClient(pod: Pod, ...rooms: readonly string[]): RecordedClient {
    const route = () => (pod.ready ? pod : (this.pods.find(({ ready }) => ready) ?? pod)).url;
    const client = new RecordedClient(`client-${this.clients.length + 1}`, route, this.recording);
    for (const room of rooms) client.join(room);
    this.clients.push(client);
    return client;
  }

  /** From now on every client publishes to each of its rooms at this interval. */
  publishEvery(ms: number): void {
    this.#publishing = setInterval(() => {
      for (const client of this.clients) for (const room of client.rooms) client.publish(room);
    }, ms);
  }

  stopPublishing(): void {
    clearInterval(this.#publishing);
  }

  /** Resolves once all clients have everything: no publish without an answer, and every client at the end of each room. */
  async caughtUp(timeoutMs = 20_000): Promise<void> {
    let why = "";
    await until(
      async () => (why = await this.#behind()) === "",
      () => `catching up: ${why}`,
      timeoutMs,
    );
  }

  /** The sockets that have closed, by client and close code. */
  get closes(): readonly string[] {
    return this.clients.flatMap(({ name, closes }) => closes.map((code) => `${name}: ${code}`));
  }

  /** How often clients were told of a loss in a room, without inboxes. */
  get resyncs(): number {
    return this.clients.flatMap(({ resyncs }) => resyncs).filter(({ room }) => room !== INBOX).length;
  }

  /**
   * Stores the longest publish since a fault.
   *
   * @param since the number of acknowledgements when the fault began
   */
  measureFrom(since: number, fault: string): void {
    const took = this.recording.acknowledged.slice(since).map(({ tookMs = 0 }) => tookMs);
    if (took.length === 0)
      throw new Error(`nothing was acknowledged in "${fault}", so there is nothing to measure`);
    measured(fault, "slowest publish to acknowledgement, ms", Math.max(...took));
  }

  /** The violations of the delivery guarantee; see the sent-message log. */
  async broken({ lossless }: { readonly lossless: boolean }): Promise<string[]> {
    const rooms = new Set(this.clients.flatMap((client) => client.rooms));
    const stored = await until(async () => {
      const read = [...rooms].map((room) => readStored(this.redis, room, roomKeys(serviceName, room)));
      const all = await Promise.all(read);
      return this.clients.every((client) => client.isAtTopOf(all)) && all;
    }, "moment of rest");
    for (const client of this.clients) client.seal(true);
    const { faults, views, acknowledged } = this.recording;
    return [
      ...faults,
      ...violations({
        views,
        stored,
        complete: lossless,
        lossless,
        acknowledged: acknowledged.map((ack) => ({ ...ack, mayBeLost: ack.losses < this.losses })),
      }),
    ];
  }

  async stop(): Promise<void> {
    this.stopPublishing();
    await Promise.all(this.clients.map((client) => client.close()));
    await Promise.all(this.pods.filter(({ ready }) => ready).map((pod) => pod.kill()));
  }

  async #behind(): Promise<string> {
    for (const client of this.clients) {
      if (client.client.state !== "connected") return `${client.name} is ${client.client.state}`;
      if (client.pending.size > 0) return `${client.name} has no answer to ${[...client.pending].join(", ")}`;
    }
    for (const client of this.clients) {
      for (const [room, position] of client.positions) {
        if (room === client.inbox) continue;
        const [epoch, top] = await this.redis.hmget(roomKeys(serviceName, room).meta, "epoch", "top");
        if (!isAtTop(position, { epoch: epoch ?? emptyRoom, top: Number(top) }))
          return `${client.name} is at ${JSON.stringify(position)} of ${room}, which is at ${epoch}:${top}`;
      }
    }
    return "";
  }
}
