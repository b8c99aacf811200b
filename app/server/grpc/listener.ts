import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/**
 * A port whose connections can be cut. grpc-js' own `forceShutdown` cannot do this once a graceful shutdown has begun: it then
 * only asks its peers to close, and a call that never ends would keep the process running.
 */
export interface Listener {
  readonly port: number;
  /** Accepts no further connections; resolves once the last connection has ended. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  cut(): void;
}

/** The most connections at a time: callers share one for many calls, and probes are short. One more is closed at once. */
const maxConnections = 1_000;

/** The longest time from a connection to the end of its preface. Milliseconds. */
const prefaceMs = 10_000;

/** What every client sends first: 24 bytes and a SETTINGS frame, at least 9 (RFC 9113 section 3.4). */
const prefaceBytes = 33;

/** Replaces the usual limits in tests. */
export interface ListenerLimits {
  readonly prefaceMs?: number;
  readonly maxConnections?: number;
}

/** Listens and passes on each connection. If it cannot listen, throws an error with the address and the port. */
export async function listen(
  address: string | undefined,
  port: number,
  onConnection: (socket: Socket) => void,
  limits: ListenerLimits = {},
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const late = setTimeout(() => {
      if (socket.bytesRead < prefaceBytes) socket.destroy();
    }, limits.prefaceMs ?? prefaceMs).unref();
    socket.once("close", () => {
      clearTimeout(late);
      sockets.delete(socket);
    });
    onConnection(socket);
  });
  server.maxConnections = limits.maxConnections ?? maxConnections;
  const listening = once(server, "listening");
  server.listen(port, address);
  try {
    await listening;
  } catch (cause) {
    throw new Error(
      `gRPC cannot listen on ${address ?? "any address,"} port ${port}: ${(cause as Error).message}`,
      { cause },
    );
  }
  const closed = once(server, "close").then(() => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      return closed;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
