/** Why a socket failed, if the platform reports it; a browser does not. */
export interface Failure {
  /** For a person: `HTTP 503`, or the error's message. */
  readonly reason: string;
  /** Nothing listened at the address, so the attempt caused no load. */
  readonly unreachable: boolean;
  /** How long the server asks the client to wait. Milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** The parts of a WebSocket that the client uses: the browser's class and the `ws` package's class have them. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** Ends without a closing handshake (`ws` only), because a dead peer would not answer one. */
  terminate?(): void;
  /** Set before `onclose` is called (this package's Node.js entry only). */
  failure?: Failure | undefined;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
