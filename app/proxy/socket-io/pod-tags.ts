import { createHash } from "node:crypto";

/** How long a pod that is no longer ready is remembered: as long as it may drain. Milliseconds. */
const rememberMs = 3_600_000;

/**
 * Short names of pods that are safe to show to clients. A tag is a hash of the address, so every proxy computes the same one
 * without talking to the others, and finds its pod among the pods that it knows.
 */
export class PodTags {
  readonly #salt: string;
  readonly #now: () => number;
  readonly #pods = new Map<string, { readonly address: string; seenAt: number }>();

  /** @param salt differs for each service */
  constructor(salt: string, now: () => number = () => performance.now()) {
    this.#salt = salt;
    this.#now = now;
  }

  /** Notes addresses that were discovered. */
  see(addresses: readonly string[]): void {
    const now = this.#now();
    for (const address of addresses) this.#pods.set(this.tagOf(address), { address, seenAt: now });
    for (const [tag, { seenAt }] of this.#pods) if (now - seenAt > rememberMs) this.#pods.delete(tag);
  }

  tagOf(address: string): string {
    return createHash("sha256").update(`${this.#salt}\n${address}`).digest("base64url").slice(0, 16);
  }

  addressOf(tag: string): string | undefined {
    return this.#pods.get(tag)?.address;
  }
}
