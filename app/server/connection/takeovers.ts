import { Gather } from "../store/gather";

/** Publishes a text on a channel. Resolves with the number of receivers. */
type Say = (text: string) => Promise<number>;

/**
 * Tells other pods that this pod now serves some of their sessions. After a pod crash there are thousands of these texts and no
 * receiver. If the first text to a pod reaches nobody, the others of its group are not sent.
 */
export class Takeovers {
  readonly #pods = new Map<string, { readonly gather: Gather<string, undefined>; waiting: number }>();

  /**
   * @param say publishes a text to a pod
   * @param patienceMs how long a text may wait for earlier texts. Milliseconds
   */
  constructor(
    private readonly say: (pod: string, text: string) => Promise<number>,
    private readonly patienceMs: number,
  ) {}

  async tell(pod: string, text: string): Promise<void> {
    let told = this.#pods.get(pod);
    if (!told) {
      const tell = (texts: readonly string[]) => tellAll(texts, (each) => this.say(pod, each));
      const gather = new Gather<string, undefined>(tell, this.patienceMs);
      this.#pods.set(pod, (told = { gather, waiting: 0 }));
    }
    told.waiting += 1;
    try {
      await told.gather.add(text);
    } finally {
      told.waiting -= 1;
      if (told.waiting === 0) this.#pods.delete(pod);
    }
  }
}

/** The outcome of each text: an error concerns only its own text. */
async function tellAll(texts: readonly string[], say: Say): Promise<(undefined | Error)[]> {
  const outcomeOf = (text: string) => say(text).catch((error: unknown) => error as Error);
  const [first = "", ...others] = texts;
  const outcome = await outcomeOf(first);
  const rest = outcome === 0 ? [] : await Promise.all(others.map(outcomeOf));
  return [outcome, ...rest].map((each) => (each instanceof Error ? each : undefined));
}
