/** Time between two beats. Milliseconds. */
const intervalMs = 1_000;

/** Publishes a message every second while it is on, so that there is always a message that a move could lose. */
export class Beat {
  readonly #speak: (text: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;

  constructor(speak: (text: string) => void) {
    this.#speak = speak;
  }

  set on(on: boolean) {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.#speak(`beat ${++this.#count}`), intervalMs) : undefined;
  }
}
