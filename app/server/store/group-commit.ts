import type { AppConfig } from "../config";
import type { RedisClient } from "./redis";

/** Redis did not confirm the write as durable in time. The same write may be confirmed later. */
class NotConfirmedError extends Error {}

/** The server cannot provide the configured durability. Its operator must change that. */
export class DurabilityError extends Error {
  readonly code = "HOLDFAST_DURABILITY";
}

/**
 * Writes that succeed only once Redis has confirmed them: fsynced to its AOF (WAITAOF), or on a replica (WAIT). Both commands
 * block their connection and confirm all earlier writes on it, so writes use a separate connection and are grouped: while one
 * group waits, the next one gathers. A write then takes one wait (`aof`: up to the 1 s of `appendfsync everysec`), however many
 * writes there are.
 */
export class GroupCommit {
  readonly #redis: RedisClient;
  readonly #durability: AppConfig["DURABILITY"];
  readonly #waitMs: number;
  #waiting: (() => Promise<(confirmed: Error | undefined) => void>)[] = [];
  #running = false;

  constructor(redis: RedisClient, durability: AppConfig["DURABILITY"], timeoutMs: number) {
    this.#redis = redis;
    this.#durability = durability;
    this.#waitMs = Math.floor(timeoutMs / 2);
  }

  /** Runs a write; resolves with its result once it is as durable as configured. The write must be safe to repeat. */
  write<T>(operation: (redis: RedisClient) => Promise<T>): Promise<T> {
    if (this.#durability === "memory") return operation(this.#redis);
    return new Promise((resolve, reject) => {
      this.#waiting.push(async () => {
        try {
          const result = await operation(this.#redis);
          return (error) => (error ? reject(error) : resolve(result));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return () => undefined;
        }
      });
      if (!this.#running) void this.#run();
    });
  }

  /** Throws {@link DurabilityError} if the server can never confirm, so that the error appears at the start. */
  async check(): Promise<void> {
    if (this.#durability !== "aof") return;
    try {
      await this.#redis.call("WAITAOF", 1, 0, 1);
    } catch (error) {
      const message = (error as Error).message;
      if (!/unknown command|appendonly/i.test(message)) throw error;
      throw new DurabilityError(
        `DURABILITY=aof needs Redis 7.2 or newer (or Valkey) with appendonly yes; the server says: ${message}. ` +
          "Use memory or replica, or change the server.",
        { cause: error },
      );
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const settle = await Promise.all(group.map((write) => write()));
      const failed = await this.#confirm();
      for (const done of settle) done(failed);
    }
    this.#running = false;
  }

  async #confirm(): Promise<Error | undefined> {
    try {
      const confirmed =
        this.#durability === "aof"
          ? ((await this.#redis.call("WAITAOF", 1, 0, this.#waitMs)) as [number, number])[0]
          : await this.#redis.wait(1, this.#waitMs);
      return confirmed >= 1 ? undefined : new NotConfirmedError(`not confirmed within ${this.#waitMs} ms`);
    } catch (error) {
      return error as Error;
    }
  }
}
