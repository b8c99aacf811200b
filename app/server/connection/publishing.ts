import { closeCodes } from "../../protocol/close-codes";
import { limits, type ErrorCode } from "../../protocol/frames";
import type { Identity } from "../auth/identity";
import type { RoomPolicy } from "../auth/room-policy";
import type { AppConfig } from "../config";
import type { Metrics } from "../metrics";
import { UnavailableError } from "../store/operation";
import { SparseIdError, type RoomStore } from "../store/room-store";
import type { Session } from "../store/session-store";
import { frameCosts, type Budget } from "./budget";
import { bodyOf } from "./message-body";
import { PublishOrder } from "./publish-order";
import { PublishQueue, type PublishOutcome, type WaitingPublish } from "./publish-queue";
import type { Subscriptions } from "./subscriptions";

/** The parts of a connection that its publishes use. */
interface Publisher {
  readonly context: {
    readonly config: Pick<AppConfig, "MAX_PAYLOAD_BYTES" | "MAX_ROOMS">;
    readonly metrics: Metrics;
    readonly policy: RoomPolicy;
    readonly roomStore: RoomStore;
  };
  readonly identity: Identity | undefined;
  readonly session: Session | undefined;
  sendAck(room: string, id: number, offset: number): void;
  sendError(code: ErrorCode, message: string, about: { room: string; id: number }): void;
  fail(error: unknown, about: { room: string; id: number }): void;
  close(code: number, reason: string): void;
}

/** The publishes of one connection: which are accepted, in which order they are stored, and how each is answered. */
export class Publishing {
  readonly #connection: Publisher;
  readonly #subscriptions: Subscriptions;
  readonly #budget: Budget;
  readonly #queue: PublishQueue;
  /** The order of publishes at acceptance, and at storing: nothing may overtake a publish that was refused or not stored. */
  readonly #acceptOrder: PublishOrder;
  readonly #storeOrder: PublishOrder;
  #publisher = "";

  /** @param repeats whether the client repeats a refused publish under the same id */
  constructor(connection: Publisher, subscriptions: Subscriptions, budget: Budget, repeats: boolean) {
    this.#connection = connection;
    this.#subscriptions = subscriptions;
    this.#budget = budget;
    const rooms = repeats ? connection.context.config.MAX_ROOMS : 0;
    this.#acceptOrder = new PublishOrder(rooms);
    this.#storeOrder = new PublishOrder(rooms);
    this.#queue = new PublishQueue(
      (room, publishes) => this.#store(room, publishes),
      (publish, outcome) => this.#answer(publish, outcome),
      ({ room, id }) => this.#storeOrder.isEarly(room, id),
    );
  }

  /** Accepts a message. The answers follow in the order of the publishes. */
  take(name: string, publisher: string, id: number, data: unknown, bytesReceived: number): void {
    const { identity, session, context } = this.#connection;
    const refuse = (code: ErrorCode, message: string) => {
      context.metrics.published("refused");
      this.#budget.spend(frameCosts.refusedPublish, bytesReceived);
      if (code !== "forbidden") this.#acceptOrder.refused(name, id);
      this.#connection.sendError(code, message, { room: name, id });
    };
    if (!session || !identity) return;
    const membership = this.#subscriptions.of(name);
    if (!membership) {
      refuse("not_joined", `join ${name} before publishing to it`);
      return;
    }
    if (!context.policy.mayPublish(identity, name)) {
      refuse("forbidden", `user may not publish to ${name}`);
      return;
    }
    if (this.#acceptOrder.isEarly(name, id)) {
      refuse("unavailable", "an earlier publish was refused; send that one again first");
      return;
    }
    // Counts the body as it is stored: a client's 1e20 has 21 digits there.
    const text = JSON.stringify(data);
    const bytes = Buffer.byteLength(text);
    const most = context.config.MAX_PAYLOAD_BYTES;
    if (bytes > most) {
      const reason = `data is ${bytes} bytes as it is stored, at most ${most} are allowed`;
      this.#connection.close(closeCodes.tooLarge, reason);
      return;
    }
    const createsRoom = membership.room?.emptyEpoch !== undefined && !membership.mayHaveCreated;
    if (this.#queue.size >= limits.unacknowledged || !this.#budget.takePublish(bytes, createsRoom)) {
      refuse("rate_limited", "slower, please");
      return;
    }
    if (createsRoom) membership.mayHaveCreated = true;
    this.#publisher = publisher;
    this.#queue.add({ room: name, id, body: bodyOf(session.user, text), takenAt: performance.now() });
  }

  /** The connection has left the room. A publish that was refused there no longer blocks others when it joins again. */
  leave(name: string): void {
    this.#acceptOrder.unsubscribe(name);
    this.#storeOrder.unsubscribe(name);
  }

  /** Resolves once every publish so far has its answer. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async #store(room: string, publishes: readonly WaitingPublish[]): Promise<PublishOutcome[]> {
    const stored = await this.#connection.context.roomStore.publishAll(
      this.#subscriptions.keysOf(room),
      this.#publisher,
      publishes,
      this.#subscriptions.of(room)?.room?.emptyEpoch,
    );
    return publishes.map(
      (_, index) => stored[index] ?? { error: new SparseIdError("publish ids must count by 1") },
    );
  }

  #answer({ room, id }: WaitingPublish, outcome: PublishOutcome): void {
    const { metrics } = this.#connection.context;
    if ("offset" in outcome) {
      metrics.published(outcome.duplicate ? "duplicate" : "stored");
      this.#connection.sendAck(room, id, outcome.offset);
      return;
    }
    metrics.published("unavailable");
    if (outcome.error instanceof UnavailableError) this.#storeOrder.refused(room, id);
    this.#connection.fail(outcome.error, { room, id });
  }
}
