import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../../../ops/load/percentile";
import { inTurns } from "../helpers/client";
import type { ProtocolName } from "../peers/peer";
import { protocols } from "../peers/protocols";
import { LoadClient, type Received } from "./client";

/** Clients to open. */
export interface Clients {
  readonly protocol: ProtocolName;
  readonly url: string;
  readonly token: string | undefined;
  readonly rooms: number;
  readonly membersPerRoom: number;
  /** The beginning of the rooms' ids; default `room`. */
  readonly prefix?: string;
}

/** Messages to publish. */
export interface Traffic {
  readonly perSecond: number;
  /** The number of messages that are published at the same time. */
  readonly burst: number;
  /** `all`: each message by a random client; `first`: all messages by the first client. */
  readonly publishers: "all" | "first";
  readonly seconds: number;
}

/** The result. Times are in milliseconds; null if nothing was received. */
export interface TrafficResult {
  readonly published: number;
  readonly deliveries: number;
  readonly expectedDeliveries: number;
  readonly deliverP50: number | null;
  readonly deliverP99: number | null;
  readonly ackP99: number | null;
  /** The first errors that the server sent. */
  readonly errors: readonly string[];
}

/** How long deliveries may be late before they count as missing. Milliseconds. */
const maxLatenessMs = 5_000;

const openedAtOnce = 50;

/** A linear congruential generator (Numerical Recipes), so that each run and each peer gets the same choices. */
function* choices(below: number): Generator<number, never> {
  for (let state = 1; ; state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) {
    yield Math.floor((state / 2 ** 32) * below);
  }
}

/** The clients of one peer. They run in a separate process: `process.ts`. */
export class Load {
  readonly #clients: LoadClient[] = [];
  readonly #received: Received = { deliverMs: [], ackMs: [], errors: [] };
  #membersPerRoom = 0;

  async open({ protocol, url, token, rooms, membersPerRoom, prefix = "room" }: Clients): Promise<void> {
    this.#membersPerRoom = membersPerRoom;
    const indexes = Array.from({ length: rooms * membersPerRoom }, (_, index) => index);
    await inTurns(indexes, openedAtOnce, async (index) => {
      const client = new LoadClient(protocols[protocol], `${prefix}-${index % rooms}`, this.#received);
      this.#clients.push(client);
      await client.open(url, `load-client-${String(index).padStart(10, "0")}`, token);
    });
  }

  /** Publishes, and waits for the deliveries. */
  async run({ perSecond, burst, publishers, seconds }: Traffic): Promise<TrafficResult> {
    const { deliverMs, ackMs, errors } = this.#received;
    deliverMs.length = ackMs.length = errors.length = 0;
    const total = Math.round((perSecond * seconds) / burst) * burst;
    const choice = choices(this.#clients.length);
    const start = performance.now();
    for (let sent = 0; sent < total;) {
      const due = Math.floor((((performance.now() - start) / 1_000) * perSecond) / burst + 1) * burst;
      for (; sent < Math.min(due, total); sent += 1) {
        const index = publishers === "all" ? choice.next().value : 0;
        this.#clients[index]?.publish();
      }
      await pause(1);
    }
    const expectedDeliveries = total * this.#membersPerRoom;
    const deadline = performance.now() + maxLatenessMs;
    while (deliverMs.length < expectedDeliveries && performance.now() < deadline) await pause(10);
    return {
      published: total,
      deliveries: deliverMs.length,
      expectedDeliveries,
      deliverP50: percentile(deliverMs, 0.5),
      deliverP99: percentile(deliverMs, 0.99),
      ackP99: percentile(ackMs, 0.99),
      errors: errors.slice(0, 3),
    };
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
