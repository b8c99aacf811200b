/** Time between two beats. Milliseconds. */
const intervalMs = 1_000;

/** Publishes a message every second while it is on, so that there is always a message that a move could lose. */
export class Beat {
  readonly #publish: (text: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;

  constructor(publish: (text: string) => void) {
    this.#publish = publish;
  }

  set on(on: boolean) {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.#publish(`beat ${++this.#count}`), intervalMs) : undefined;
  }
}
