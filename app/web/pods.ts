/** The number of hues in page.css. */
const hues = 8;

/** A pod, as the page shows it. */
export interface Pod {
  readonly name: string;
  /** The part that distinguishes the pods of a Deployment; otherwise the whole name. */
  readonly short: string;
  /** 1 to 8, in the order in which pods appeared, so that consecutive pods differ. */
  readonly hue: number;
}

/** Gives each pod a short name and a colour. */
export class Pods {
  readonly #met = new Map<string, Pod>();

  get(name: string): Pod {
    const short = /-([a-z0-9]{5})$/.exec(name)?.[1] ?? name;
    const pod = this.#met.get(name) ?? { name, short, hue: (this.#met.size % hues) + 1 };
    this.#met.set(name, pod);
    return pod;
  }
}
