import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/**
 * A port whose connections can be cut. grpc-js' own `forceShutdown` cannot, once a graceful shutdown has begun: it then
 * only asks its peers to hang up, and a call that never ends would keep the process.
 */
export interface Listener {
  readonly port: number;
  /** Accepts no more; resolves when the last connection has ended. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  cut(): void;
}

/** Listens and hands over each connection. Throws where it cannot, naming address and port. */
export async function listen(
  address: string,
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  const listening = once(server, "listening");
  server.listen(port, address);
  try {
    await listening;
  } catch (cause) {
    throw new Error(`gRPC cannot listen on ${address} port ${port}: ${(cause as Error).message}`, { cause });
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
