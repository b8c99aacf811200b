import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP port on which nothing listens now. Another process may take it before the caller does. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}
