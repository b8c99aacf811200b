import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import { CallError } from "./status";

/** Whether this pod should get work. The same signal as `/readyz`. */
export interface Readiness {
  isReady(): boolean;
  /** Calls `listener` after each change; returns a function that unsubscribes. */
  onChange(listener: () => void): () => void;
}

/** The most Watch streams at a time. They are limited because Health requires no token. */
export const MAX_WATCHERS = 1_000;

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
}

type WatchStream = ServerWritableStream<HealthRequest, HealthResponse>;

/** `grpc.health.v1.Health`: all services of this server are as ready as the pod. While it drains, none is. */
export class Health {
  readonly #readiness: Readiness;
  readonly #services: ReadonlySet<string>;
  /** Each stream with the last status that was sent to it. */
  readonly #watchers = new Map<WatchStream, HealthResponse["status"]>();
  readonly #undo: () => void;
  #draining = false;

  /** @param services full names; the empty name, the server as a whole, is always included. */
  constructor(readiness: Readiness, services: readonly string[]) {
    this.#readiness = readiness;
    this.#services = new Set(["", ...services]);
    this.#undo = readiness.onChange(() => this.#notifyAll());
  }

  readonly handlers = {
    Check: ((call, callback) => {
      const current = this.#statusOf(call.request.service);
      if (current === "SERVICE_UNKNOWN")
        callback(new CallError(status.NOT_FOUND, "service is not served here"));
      else callback(null, { status: current });
    }) satisfies handleUnaryCall<HealthRequest, HealthResponse>,

    Watch: ((stream) => {
      if (this.#watchers.size >= MAX_WATCHERS) {
        stream.emit("error", new CallError(status.RESOURCE_EXHAUSTED, `${MAX_WATCHERS} watch already`));
        return;
      }
      stream.once("cancelled", () => this.#watchers.delete(stream));
      this.#notify(stream);
      if (this.#draining) this.#endAll();
    }) satisfies handleServerStreamingCall<HealthRequest, HealthResponse>,
  };

  /**
   * NOT_SERVING from now on, permanently. Notifies and ends the Watch streams, because an endless stream would block the drain.
   */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#undo();
    this.#notifyAll();
    this.#endAll();
  }

  #endAll(): void {
    for (const stream of this.#watchers.keys()) stream.end();
    this.#watchers.clear();
  }

  #notifyAll(): void {
    for (const stream of this.#watchers.keys()) this.#notify(stream);
  }

  #notify(stream: WatchStream): void {
    const current = this.#statusOf(stream.request.service);
    if (this.#watchers.get(stream) === current) return;
    this.#watchers.set(stream, current);
    stream.write({ status: current });
  }

  #statusOf(service: string): HealthResponse["status"] {
    if (!this.#services.has(service)) return "SERVICE_UNKNOWN";
    return this.#readiness.isReady() && !this.#draining ? "SERVING" : "NOT_SERVING";
  }
}
