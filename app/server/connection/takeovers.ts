import { Batcher } from "../store/batcher";

/** Publishes a text on a channel. Resolves with the number of receivers. */
type Publish = (text: string) => Promise<number>;

/**
 * Tells other pods that this pod now serves some of their sessions. After a pod crash there are thousands of these texts and no
 * receiver. If the first text to a pod reaches nobody, the others of its batch are not sent.
 */
export class Takeovers {
  readonly #pods = new Map<string, { readonly batcher: Batcher<string, undefined>; waiting: number }>();

  /**
   * @param publish publishes a text to a pod
   * @param maxWaitMs how long a text may wait for earlier texts. Milliseconds
   */
  constructor(
    private readonly publish: (pod: string, text: string) => Promise<number>,
    private readonly maxWaitMs: number,
  ) {}

  /** Publishes a text to a pod. Rejects if it could not be published. */
  async notify(pod: string, text: string): Promise<void> {
    let entry = this.#pods.get(pod);
    if (!entry) {
      const publishToPod = (text: string) => this.publish(pod, text);
      const batcher = new Batcher<string, undefined>(
        (texts) => publishAll(texts, publishToPod),
        this.maxWaitMs,
      );
      this.#pods.set(pod, (entry = { batcher, waiting: 0 }));
    }
    entry.waiting += 1;
    try {
      await entry.batcher.add(text);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0) this.#pods.delete(pod);
    }
  }
}

/** The outcome of each text: an error concerns only its own text. */
async function publishAll(texts: readonly string[], publish: Publish): Promise<(undefined | Error)[]> {
  const outcomeOf = (text: string) => publish(text).catch((error: unknown) => error as Error);
  const [first = "", ...others] = texts;
  const outcome = await outcomeOf(first);
  const rest = outcome === 0 ? [] : await Promise.all(others.map(outcomeOf));
  return [outcome, ...rest].map((each) => (each instanceof Error ? each : undefined));
}
