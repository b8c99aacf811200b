/** Why a socket failed, where the platform tells; a browser does not. */
export interface Failure {
  /** For a person: `HTTP 503`, or the error's message. */
  readonly reason: string;
  /** Nobody was there to connect to, so the try caused no load. */
  readonly unheard: boolean;
  /** How long the server wants to be left alone. Milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** What the client uses of a WebSocket: the browser's and the `ws` package's have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** Ends without a closing handshake (`ws` only): a dead peer would not answer it. */
  terminate?(): void;
  /** Set before `onclose` is called (this package's Node.js entry only). */
  failure?: Failure | undefined;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
