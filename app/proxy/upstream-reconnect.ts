import type { Backoff } from "../client/backoff";
import { Retry } from "../client/retry";
import { Alarm, systemTimers } from "../client/timers";
import { abnormal } from "./close-codes";
import { RefusedError, UnreachableError, type Upstream, type UpstreamRequest } from "./dialer";
import type { ProxyContext } from "./proxied-connection";
import type { SwitchReason } from "./metrics";

/**
 * The waits are shorter than a client's: a client is waiting, and every pod was tried before the first wait. After a connection
 * that lasted 10 s the back-off starts again, as everywhere.
 */
const redialBackoff: Backoff = { baseMs: 50, maxMs: 1_000, stableMs: 10_000 };

export const retrySettings = { timers: systemTimers, random: Math.random, backoff: redialBackoff };

export interface RedialHandlers {
  opened(upstream: Upstream): void;
  /** The service refuses this client permanently. */
  refused(error: RefusedError): void;
  /** `HOLD_SECONDS` have passed, or an error occurred that a repetition cannot fix. */
  gaveUp(why: string): void;
}

/** Dials until a pod serves, for a limited time, after a client has lost its upstream. */
export class UpstreamReconnect {
  /** How often the service was dialled again. */
  count = 0;
  readonly #context: ProxyContext;
  readonly #request: UpstreamRequest;
  readonly #handlers: RedialHandlers;
  readonly #retry = new Retry(retrySettings);
  readonly #giveUp = new Alarm(systemTimers);
  #lost: { readonly at: number; readonly reason: SwitchReason } | undefined;
  #over = false;

  constructor(context: ProxyContext, request: UpstreamRequest, handlers: RedialHandlers) {
    this.#context = context;
    this.#request = request;
    this.#handlers = handlers;
  }

  /** The upstream was lost after it had served for `lastedMs`: dials the next one at once, or after a back-off. */
  lost(code: number, lastedMs: number): void {
    if (this.#over) return;
    const holdMs = this.#context.config.HOLD_SECONDS * 1_000;
    if (!this.#lost) {
      this.#lost = { at: performance.now(), reason: code === abnormal ? "cut" : "closed" };
      this.#giveUp.set(holdMs, () => this.#end(`no pod took over within ${holdMs / 1_000} s`));
    }
    this.#retry.lost(lastedMs);
    if (this.#retry.attempt === 0) {
      this.#retry.attempt = 1;
      void this.#dial();
    } else {
      this.#retry.again(() => void this.#dial());
    }
  }

  /** The next upstream serves. */
  served(): void {
    this.#giveUp.clear();
    if (this.#lost) this.#context.metrics.switched(this.#lost.reason, performance.now() - this.#lost.at);
    this.#lost = undefined;
  }

  /** Dials once while another upstream serves. Rejects as {@link Dialer.dial} does. */
  dialBeside(): Promise<Upstream> {
    return this.#context.dialer.dial(this.#request, ++this.count);
  }

  stop(): void {
    this.#over = true;
    this.#retry.clear();
    this.#giveUp.clear();
  }

  async #dial(): Promise<void> {
    try {
      const upstream = await this.#context.dialer.dial(this.#request, ++this.count);
      if (this.#over) upstream.ws.terminate();
      else this.#handlers.opened(upstream);
    } catch (error) {
      if (this.#over) return;
      if (error instanceof RefusedError) {
        this.stop();
        this.#handlers.refused(error);
      } else if (error instanceof UnreachableError) {
        this.#context.log.debug({ err: error.message }, "dial");
        this.#retry.again(() => void this.#dial());
      } else {
        this.#context.log.error({ err: error }, "dial");
        this.#end("internal error");
      }
    }
  }

  #end(why: string): void {
    this.stop();
    this.#handlers.gaveUp(why);
  }
}
