import {
  type CallOptions,
  type Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { pino } from "pino";
import { loadService, type ServiceName } from "../../../app/server/grpc/definitions";
import type { Readiness } from "../../../app/server/grpc/health";
import { type GrpcOptions, type GrpcServer, startGrpc } from "../../../app/server/grpc/server";
import { FakeBackend } from "./fake-backend";

export const TOKEN = "the-publisher-token-of-these-tests";
export const MAX_PAYLOAD_BYTES = 1_024;

/** A readiness signal that tests turn on and off. */
export class SwitchedReadiness implements Readiness {
  readonly listeners = new Set<() => void>();
  #ready = true;

  isReady(): boolean {
    return this.#ready;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls the listeners, whether the value changed or not. */
  set(ready: boolean): void {
    this.#ready = ready;
    for (const listener of this.listeners) listener();
  }
}

/** The methods that grpc-js puts on a generated client, by name. */
type UnaryMethods = Record<
  string,
  (
    request: object,
    metadata: Metadata,
    options: CallOptions,
    callback: (error: ServiceError | null, response: unknown) => void,
  ) => ClientUnaryCall
>;

interface WatchMethod {
  Watch(request: { service: string }): ClientReadableStream<Health>;
}

export interface CallSettings {
  /** Values of the authorization metadata. Default: the correct one. */
  readonly authorization?: readonly string[];
  readonly deadlineMs?: number;
  /** Cancels the call when aborted. */
  readonly signal?: AbortSignal;
}

/** A server on a free port of this machine, with a fake backend, and its clients; `stop` ends all of them. */
export class Harness {
  readonly backend = new FakeBackend();
  readonly readiness = new SwitchedReadiness();
  readonly logged: string[] = [];
  readonly #clients: Client[] = [];
  #server: GrpcServer | undefined;

  static async start(over: Partial<GrpcOptions> = {}): Promise<Harness> {
    const harness = new Harness();
    harness.#server = await startGrpc({
      address: "127.0.0.1",
      port: 0,
      publisherToken: TOKEN,
      maxPayloadBytes: MAX_PAYLOAD_BYTES,
      backend: harness.backend,
      readiness: harness.readiness,
      log: pino({ level: "info" }, { write: (line: string) => harness.logged.push(line) }),
      ...over,
    });
    return harness;
  }

  get server(): GrpcServer {
    if (this.#server === undefined) throw new Error("the server was not started");
    return this.#server;
  }

  /** A client with its own connection. */
  client(service: ServiceName): TestClient {
    const create = makeGenericClientConstructor(loadService(service), service);
    const client = new create(`127.0.0.1:${this.server.port}`, credentials.createInsecure(), {
      // Otherwise grpc-js shares connections of equal targets between clients.
      "grpc.use_local_subchannel_pool": 1,
    });
    this.#clients.push(client);
    return new TestClient(client);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.stop();
  }
}

export class TestClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** One call; rejects with the `ServiceError`. */
  async call(method: string, request: object, settings: CallSettings = {}): Promise<unknown> {
    const { authorization = [`Bearer ${TOKEN}`], deadlineMs, signal } = settings;
    const metadata = new Metadata();
    for (const value of authorization) metadata.add("authorization", value);
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      const call = (this.#client as unknown as UnaryMethods)[method]?.(
        request,
        metadata,
        options,
        (error, response) => {
          if (error === null) resolve(response);
          else reject(error);
        },
      );
      signal?.addEventListener("abort", () => call?.cancel());
    });
  }

  /** Watches a service's health. */
  watch(service: string): Watcher {
    return new Watcher((this.#client as unknown as WatchMethod).Watch({ service }));
  }
}

interface Health {
  readonly status: string;
}

/** A Watch stream that queues its statuses, so that none is missed. */
export class Watcher {
  readonly #stream: ClientReadableStream<Health>;
  readonly #iterator: AsyncIterator<Health>;

  constructor(stream: ClientReadableStream<Health>) {
    this.#stream = stream;
    this.#iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Health>;
  }

  /** The next status, or `ended`. Rejects with the `ServiceError`. */
  async next(): Promise<string> {
    const result = await this.#iterator.next();
    return result.done === true ? "ended" : result.value.status;
  }

  cancel(): void {
    this.#stream.once("error", () => undefined);
    this.#stream.cancel();
  }
}
