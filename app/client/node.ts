/** The entry for Node.js. */
import WebSocket from "ws";
import { HoldfastClient as Client } from "./client";
import { nodeWebSocket } from "./node-web-socket";
import type { ClientOptions } from "./options";
import { defaultMaxFrameBytes } from "./options";

export * from "./index";

/**
 * {@inheritDoc Client}
 * Uses the `ws` package's WebSocket even if Node.js has its own: that one accepts frames of any size, inflates them, does not
 * report why an upgrade was refused, and cannot be terminated.
 */
export class HoldfastClient<Own = unknown> extends Client<Own> {
  constructor(options: ClientOptions) {
    const { webSocket = WebSocket, maxFrameBytes = defaultMaxFrameBytes } = options;
    super({ ...options, webSocket: nodeWebSocket(webSocket, maxFrameBytes) });
  }
}
