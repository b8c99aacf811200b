import type { ClientPool } from "../experiment/client-pool";
import type { ClientTrace } from "../load/journal";
import type { ChartedFindings, LoadProgress } from "./load/generator";
import type { Generators } from "./load/generators";

/** The findings of clients that resume, and of clients that only reconnect. */
export interface ComparedFindings extends ChartedFindings {
  readonly plain: ChartedFindings | undefined;
}

/** How long to wait for a plain client's messages. It is short, because its lost messages never come. Milliseconds. */
const plainQuietMs = 1_000;

/** Clients that resume, which are judged, and clients that do not, for comparison. The two kinds have separate rooms. */
export class ComparedClientPool implements ClientPool<ComparedFindings> {
  readonly #holdfast: Generators;
  readonly #plain: Generators | undefined;

  constructor(holdfast: Generators, plain: Generators | undefined) {
    this.#holdfast = holdfast;
    this.#plain = plain;
  }

  /** The traces of the clients that resume. */
  traces(): Promise<readonly ClientTrace[]> {
    return this.#holdfast.traces();
  }

  /** The progress of the clients that resume. */
  progress(): Promise<LoadProgress> {
    return this.#holdfast.progress();
  }

  async renewTokens(tokens: readonly string[]): Promise<void> {
    await Promise.all([this.#holdfast.renewTokens(tokens), this.#plain?.renewTokens(tokens)]);
  }

  async begin(): Promise<void> {
    await Promise.all([this.#holdfast.begin(), this.#plain?.begin()]);
  }

  async end(quietMs: number): Promise<ComparedFindings> {
    const [findings, plain] = await Promise.all([
      this.#holdfast.end(quietMs),
      this.#plain?.end(plainQuietMs),
    ]);
    return { ...findings, plain };
  }
}
