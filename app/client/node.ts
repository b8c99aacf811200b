/** Node.js' entry. */
import WebSocket from "ws";
import { HoldfastClient as Client } from "./client";
import { nodeWebSocket } from "./node-web-socket";
import type { ClientOptions } from "./options";
import { defaultMaxFrameBytes } from "./options";

export * from "./index";

/**
 * {@inheritDoc Client}
 *
 * Uses the `ws` package's WebSocket, also where Node.js has one of its own: that one takes frames of any size, inflates
 * them, does not say why an upgrade was refused, and cannot be cut.
 */
export class HoldfastClient<Own = unknown> extends Client<Own> {
  constructor(options: ClientOptions) {
    const { webSocket = WebSocket, maxFrameBytes = defaultMaxFrameBytes } = options;
    super({ ...options, webSocket: nodeWebSocket(webSocket, maxFrameBytes) });
  }
}
