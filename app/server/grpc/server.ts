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
  /** The address to bind to, IPv4 or IPv6; undefined for every address. */
  readonly address: string | undefined;
  /** 0 uses any free port. */
  readonly port: number;
  /** The token that callers of the Publisher must send. If it is empty, only Health is served. */
  readonly publisherToken: string;
  /** The largest `data` of a message, as clients receive it. Bytes. */
  readonly maxPayloadBytes: number;
  readonly backend: PublisherBackend;
  readonly readiness: Readiness;
  readonly log: Logger;
  /** The longest time that a request may take to arrive; see request-deadline.ts. */
  readonly requestMs?: number;
  readonly limits?: ListenerLimits;
}

export interface GrpcServer {
  readonly port: number;
  /**
   * Health reports NOT_SERVING, new calls are refused, calls in progress finish. Resolves once the last one has finished.
   * @param budgetMs cuts the calls that are left after this time, because a caller's deadline may be longer than a drain. Default
   * 30 s.
   */
  drain(budgetMs?: number): Promise<void>;
  /** Cuts the calls that are left and closes. */
  stop(): Promise<void>;
}

/** The most bytes that a request holds besides `data`: names and ids stay well below this. */
const REQUEST_OVERHEAD_BYTES = 4_096;

/**
 * A caller that vanished would stay in the list of watchers. The server pings connections and closes those that do not answer.
 * Milliseconds.
 */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/** The longest time until grpc-js notices that its connections are cut. Milliseconds. */
const cutMs = 500;

const PUBLISHER: ServiceName = "holdfast.v1.Publisher";

/** Serves Health and, if a token is configured, the Publisher. Throws if it cannot bind. */
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

/** Sends GOAWAY on every connection and resolves once the last call has ended. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)));
  });
}
