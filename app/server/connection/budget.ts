import type { AppConfig } from "../config";
import type { ReadGate } from "./read-gate";
import { TokenBucket } from "./token-bucket";

/**
 * The cost of each frame in units of `MAX_FRAME_RATE`. 1 is about the cost of a join for this pod and Redis together: some
 * commands and their answers. Accepted publishes have limits of their own. Every frame also costs {@link costPerByte}.
 */
export const frameCosts = {
  hello: 1,
  join: 1,
  leave: 1,
  /** Coalesced: the pod stores only one of many at a time. */
  read: 0.2,
  ping: 0.1,
  pong: 0.05,
  /** Answered without asking Redis. */
  refusedPublish: 0.5,
} as const;

/** Parsing 16 KiB of JSON takes about as long as a join. */
const costPerByte = 1 / 16_384;

/** The default of bytes of publishes per second, for each publish that is allowed per second. */
const bytesPerPublish = 4_096;

/** The burst of publishes, in seconds of the byte rate. */
const publishBurstSeconds = 10;

type Settings = Pick<
  AppConfig,
  | "MAX_FRAME_RATE"
  | "MAX_PUBLISH_RATE"
  | "MAX_PUBLISH_BYTES_RATE"
  | "MAX_ROOM_CREATION_RATE"
  | "MAX_ROOMS"
  | "MAX_PAYLOAD_BYTES"
>;

/**
 * The budget of one socket. A publish above its budget is refused, so that the client can wait. Any other frame is served, but
 * the pod does not read the socket again until its cost is paid. This slows the peer down, and no frames pile up.
 */
export class Budget {
  readonly #frames: TokenBucket;
  readonly #publishes: TokenBucket;
  readonly #publishBytes: TokenBucket;
  readonly #roomCreations: TokenBucket;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    settings: Settings,
    private readonly gate: ReadGate<"budget" | "greeting">,
    private readonly now: () => number = () => performance.now(),
  ) {
    const { MAX_FRAME_RATE, MAX_PUBLISH_RATE, MAX_ROOMS, MAX_ROOM_CREATION_RATE } = settings;
    const at = now();
    const bytes = settings.MAX_PUBLISH_BYTES_RATE ?? MAX_PUBLISH_RATE * bytesPerPublish;
    const burstBytes = Math.max(bytes * publishBurstSeconds, 2 * settings.MAX_PAYLOAD_BYTES);
    // A client that comes back joins all of its rooms at once.
    this.#frames = new TokenBucket(MAX_FRAME_RATE, 2 * MAX_FRAME_RATE + MAX_ROOMS, at);
    this.#publishes = new TokenBucket(MAX_PUBLISH_RATE, 2 * MAX_PUBLISH_RATE, at);
    this.#publishBytes = new TokenBucket(bytes, burstBytes, at);
    this.#roomCreations = new TokenBucket(MAX_ROOM_CREATION_RATE, MAX_ROOMS, at);
  }

  /** Pays for a frame that is served in any case. `bytes` is its size as received. */
  spend(cost: number, bytes = 0): void {
    this.#wait(this.#frames.spend(cost + bytes * costPerByte, this.now()));
  }

  /** Whether a publish of this many bytes, as stored, is within the budget. If so, pays for it. */
  takePublish(bytes: number, createsRoom: boolean): boolean {
    const now = this.now();
    return (
      this.#publishes.take(1, now) &&
      this.#publishBytes.take(bytes, now) &&
      (!createsRoom || this.#roomCreations.take(1, now))
    );
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    if (ms === 0 || this.#timer !== undefined) return;
    this.gate.hold("budget");
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const left = this.#frames.spend(0, this.now()); // frames of the last read were served meanwhile
      if (left > 0) this.#wait(left);
      else this.gate.release("budget");
    }, ms);
  }
}
