/** Hues in page.css. */
const hues = 8;

/** A pod as the page shows it. */
export interface Pod {
  readonly name: string;
  /** The part that tells a Deployment's pods apart; the whole name where there is none. */
  readonly short: string;
  /** 1 to 8, in the order in which pods were met; so neighbours differ, and none needs to be known before. */
  readonly hue: number;
}

/** Gives each pod a short name and a colour of its own. */
export class Pods {
  readonly #met = new Map<string, Pod>();

  get(name: string): Pod {
    const short = /-([a-z0-9]{5})$/.exec(name)?.[1] ?? name;
    const pod = this.#met.get(name) ?? { name, short, hue: (this.#met.size % hues) + 1 };
    this.#met.set(name, pod);
    return pod;
  }
}
