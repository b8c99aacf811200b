import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The open sockets of each listening server, including those of upgrades, which Node.js itself no longer tracks. */
const openSockets = new WeakMap<Server, Set<Socket>>();

/**
 * Resolves once the server listens; rejects if it cannot.
 *
 * @param address undefined for every address: Node.js then uses `::`, and `0.0.0.0` on a machine without IPv6
 */
export function listen(server: Server, port: number, address: string | undefined): Promise<void> {
  const sockets = new Set<Socket>();
  openSockets.set(server, sockets);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * Stops listening and destroys every connection, whatever its peer does: a keep-alive connection, half a request, an upgrade that
 * was never answered. Resolves once the last one has closed.
 */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of openSockets.get(server) ?? []) socket.destroy();
  });
}
