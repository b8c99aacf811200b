import type { ClientTrace } from "../load/journal";
import type { Load } from "../load/load";
import { type DeliveryStatistics, statisticsFor, type Spread, type Window } from "../load/verdict";
import { Measurement } from "./measurement";

/** The clients of an experiment, wherever they run. */
export interface ClientPool<Found extends Findings = Findings> {
  /** The events of each client's sockets until now. */
  traces(): Promise<readonly ClientTrace[]>;
  /** Starts publishing messages. */
  begin(): Promise<void>;
  /** Stops publishing. Resolves once all messages have arrived, or none has for `quietMs`. */
  end(quietMs: number): Promise<Found>;
}

/** What the clients recorded between the start and the end of publishing. */
export interface Findings {
  readonly window: Window;
  readonly statistics: DeliveryStatistics;
  /** The delay of the clients' own process. */
  readonly ownDelayMs: Spread;
  /** The clients' events since their start. */
  readonly traces: readonly ClientTrace[];
}

/** The clients of one load in this process. */
export class LoadClientPool implements ClientPool {
  readonly #load: Load;
  #measurement: Measurement | undefined;

  constructor(load: Load) {
    this.#load = load;
  }

  traces(): Promise<readonly ClientTrace[]> {
    return Promise.resolve(this.#load.journal.clients.map(traceOf));
  }

  begin(): Promise<void> {
    this.#measurement = new Measurement(this.#load);
    return Promise.resolve();
  }

  async end(quietMs: number): Promise<Findings> {
    if (this.#measurement === undefined) throw new Error("nothing has begun that could end");
    const { window, ownDelayMs } = await this.#measurement.finish(quietMs);
    const statistics = statisticsFor(this.#load.journal, window);
    return { window, statistics, ownDelayMs, traces: await this.traces() };
  }
}

/** Without the messages, because there are too many to pass on. */
function traceOf({ name, entry, connections, closes, refusals, resyncs }: ClientTrace): ClientTrace {
  return { name, entry, connections, closes, refusals, resyncs };
}
