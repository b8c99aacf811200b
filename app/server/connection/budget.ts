import type { AppConfig } from "../config";
import type { ReadGate } from "./read-gate";
import { TokenBucket } from "./token-bucket";

/**
 * What each frame costs of `MAX_FRAME_RATE`, where 1 is about what a join costs this pod and Redis together: some
 * commands and their answers. Accepted publishes have limits of their own. A frame also costs {@link costPerByte}.
 */
export const frameCosts = {
  hello: 1,
  join: 1,
  leave: 1,
  /** Coalesced: of many, one is under way. */
  read: 0.2,
  ping: 0.1,
  pong: 0.05,
  /** Answered without asking Redis. */
  refusedPublish: 0.5,
} as const;

/** Parsing 16 KiB of JSON takes about as long as a join. */
const costPerByte = 1 / 16_384;

/** Bytes of publishes a second for each publish that is allowed in it, where the configuration does not say. */
const bytesPerPublish = 4_096;

/** Publishes may come at once for as many bytes as this many seconds bring. */
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
 * What one socket may ask of the pod. A publish that is over its budget is refused, so that the client can wait; any
 * other frame is served, and the socket is not read again until its cost is paid: the peer itself is slowed down, and
 * nothing piles up.
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

  /** Pays for a frame that is served in any case; `bytes` as it came. */
  spend(cost: number, bytes = 0): void {
    this.#wait(this.#frames.spend(cost + bytes * costPerByte, this.now()));
  }

  /** Whether a publish of so many bytes, as they are stored, may go on; it is paid for if so. */
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
      const left = this.#frames.spend(0, this.now()); // what one read had brought was served meanwhile
      if (left > 0) this.#wait(left);
      else this.gate.release("budget");
    }, ms);
  }
}
