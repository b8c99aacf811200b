import { createHash } from "node:crypto";

/** For how long a pod is known that is not ready any more: as long as it may drain. Milliseconds. */
const rememberMs = 3_600_000;

/**
 * Short names of pods that clients may see. A tag is a hash of the address, so every proxy makes the same one without a
 * word to the others, and finds the pod among those that it knows.
 */
export class PodTags {
  readonly #salt: string;
  readonly #now: () => number;
  readonly #pods = new Map<string, { readonly address: string; seenAt: number }>();

  /** @param salt differs from service to service */
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
