import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";

/** An open WebSocket, and the answer to its upgrade. */
export interface OpenSocket {
  readonly socket: WebSocket;
  readonly pod: string | undefined;
  readonly setCookie: readonly string[];
}

/** Opens a WebSocket; rejects with the status when the upgrade is refused. */
export async function openSocket(url: string, options: ClientOptions = {}): Promise<OpenSocket> {
  const socket = new WebSocket(url, options);
  let answer: IncomingMessage | undefined;
  socket.once("upgrade", (response) => (answer = response));
  await once(socket, "open");
  const pod = answer?.headers["x-holdfast-pod"];
  return {
    socket,
    pod: typeof pod === "string" ? pod : undefined,
    setCookie: answer?.headers["set-cookie"] ?? [],
  };
}
