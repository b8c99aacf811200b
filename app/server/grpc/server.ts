import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { within } from "../../runtime/within";
import type { PublisherBackend } from "./backend";
import { loadService, type ServiceName } from "./definitions";
import { Health, type Readiness } from "./health";
import { listen, type ListenerLimits } from "./listener";
import { createPublisher } from "./publisher";
import { requestDeadline } from "./request-deadline";
import { DEFAULT_DEADLINE_MS, UnaryCalls } from "./unary";

export interface GrpcOptions {
  /** The address to bind to, IPv4 or IPv6. */
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What callers of the Publisher present; empty: the Publisher is not served, only Health. */
  readonly publisherToken: string;
  /** The largest `data` of a message, as clients receive it. Bytes. */
  readonly maxPayloadBytes: number;
  readonly backend: PublisherBackend;
  readonly readiness: Readiness;
  readonly log: Logger;
  /** How long a request may take to come; see request-deadline.ts. */
  readonly requestMs?: number;
  readonly limits?: ListenerLimits;
}

export interface GrpcServer {
  readonly port: number;
  /**
   * Health says NOT_SERVING, new calls are turned away, those in flight finish; resolves when the last one has.
   * @param budgetMs after which what is left is cut: a caller's deadline may be longer than a drain. Default 30 s.
   */
  drain(budgetMs?: number): Promise<void>;
  /** Cuts what is left and closes. */
  stop(): Promise<void>;
}

/** What a request may hold beside `data`: names and ids, well below this. Bytes. */
const REQUEST_OVERHEAD_BYTES = 4_096;

/** Callers that vanished without a word would stay among the watchers: they are pinged, and given up on. Milliseconds. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/** How long it may take until grpc-js has noticed that its connections are cut. Milliseconds. */
const cutMs = 500;

const PUBLISHER: ServiceName = "holdfast.v1.Publisher";

/** Serves Health and, where there is a token for it, the Publisher. Throws where it cannot bind. */
export async function startGrpc(options: GrpcOptions): Promise<GrpcServer> {
  const server = new Server({
    "grpc.max_receive_message_length": options.maxPayloadBytes + REQUEST_OVERHEAD_BYTES,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.enable_channelz": 0,
    interceptors: [requestDeadline(options.requestMs)],
  });
  const servesPublisher = options.publisherToken !== "";
  if (servesPublisher) {
    const calls = new UnaryCalls(options.publisherToken, options.log);
    server.addService(
      loadService(PUBLISHER),
      createPublisher(calls, options.backend, options.maxPayloadBytes),
    );
  }
  const health = new Health(options.readiness, servesPublisher ? [PUBLISHER] : []);
  server.addService(loadService("grpc.health.v1.Health"), health.handlers);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listen(
    options.address,
    options.port,
    (socket) => injector.injectConnection(socket),
    options.limits,
  ).catch((error: unknown) => {
    health.drain();
    throw error;
  });

  const shutDownWithin = async (budgetMs: number) => {
    const done = Promise.all([listener.close(), shutDown(server)]);
    await within(budgetMs, done);
    listener.cut();
    await within(cutMs, done);
  };
  let drained: Promise<void> | undefined;
  const drain = (budgetMs = DEFAULT_DEADLINE_MS) => {
    health.drain();
    drained ??= shutDownWithin(budgetMs);
    return drained;
  };
  return {
    port: listener.port,
    drain,
    stop: () => {
      const done = drain();
      listener.cut();
      return within(cutMs, done);
    },
  };
}

/** Tells every connection to go elsewhere and resolves when the last call on them has ended. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)));
  });
}
