import { Gather } from "../store/gather";

/** Says something on a channel. Resolves with how many hear it. */
type Say = (text: string) => Promise<number>;

/**
 * Tells pods that sessions of theirs are served elsewhere. After a crash thousands are, and nobody listens: where the
 * first of a group reaches nobody, neither would the others, so they are not sent.
 */
export class Takeovers {
  readonly #pods = new Map<string, { readonly gather: Gather<string, undefined>; waiting: number }>();

  /** @param say speaks to a pod. */
  constructor(private readonly say: (pod: string, text: string) => Promise<number>) {}

  async tell(pod: string, text: string): Promise<void> {
    let told = this.#pods.get(pod);
    if (!told) {
      const gather = new Gather<string, undefined>((texts) => tellAll(texts, (each) => this.say(pod, each)));
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

async function tellAll(texts: readonly string[], say: Say): Promise<undefined[]> {
  const [first, ...others] = texts;
  if (first !== undefined && (await say(first)) > 0) await Promise.all(others.map(say));
  return [];
}
