import { Gather } from "../store/gather";

/** Says something on a channel. Resolves with how many hear it. */
type Say = (text: string) => Promise<number>;

/**
 * Tells pods that sessions of theirs are served elsewhere. After a crash thousands are, and nobody listens: where the
 * first of a group reaches nobody, neither would the others, so they are not sent.
 */
export class Takeovers {
  readonly #pods = new Map<string, { readonly gather: Gather<string, undefined>; waiting: number }>();

  /**
   * @param say speaks to a pod
   * @param patienceMs how long a text may wait for those before it. Milliseconds
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

/** What became of each: an error concerns its own text alone. */
async function tellAll(texts: readonly string[], say: Say): Promise<(undefined | Error)[]> {
  const outcomeOf = (text: string) => say(text).catch((error: unknown) => error as Error);
  const [first = "", ...others] = texts;
  const outcome = await outcomeOf(first);
  const rest = outcome === 0 ? [] : await Promise.all(others.map(outcomeOf));
  return [outcome, ...rest].map((each) => (each instanceof Error ? each : undefined));
}
