/** Node's entry: where there is no global WebSocket (before Node 22), the `ws` package's is used. */
import WebSocket from "ws";
import { HoldfastClient as Client } from "./client";
import type { ClientOptions } from "./options";
import type { WebSocketConstructor } from "./web-socket";

export * from "./index";

/** {@inheritDoc Client} */
export class HoldfastClient<Own = unknown> extends Client<Own> {
  constructor(options: ClientOptions) {
    const webSocket = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket ?? WebSocket;
    super({ webSocket, ...options });
  }
}
