import type { ClientPool } from "../experiment/client-pool";
import type { ClientTrace } from "../load/journal";
import type { ChartedFindings, Pulse } from "./load/generator";
import type { Generators } from "./load/generators";

/** What clients that resume saw, and beside them those that only reconnect. */
export interface ComparedFindings extends ChartedFindings {
  readonly plain: ChartedFindings | undefined;
}

/** A plain client's lost message never comes, so not for long is waited for it. Milliseconds. */
const plainQuietMs = 1_000;

/** Clients that resume, which are judged, and clients that do not, for comparison; in rooms of their own. */
export class ComparedClientPool implements ClientPool<ComparedFindings> {
  readonly #holdfast: Generators;
  readonly #plain: Generators | undefined;

  constructor(holdfast: Generators, plain: Generators | undefined) {
    this.#holdfast = holdfast;
    this.#plain = plain;
  }

  /** Of those that resume. */
  traces(): Promise<readonly ClientTrace[]> {
    return this.#holdfast.traces();
  }

  /** Of those that resume. */
  pulse(): Promise<Pulse> {
    return this.#holdfast.pulse();
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
