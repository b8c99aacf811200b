import type { Dialing, Trace } from "./traced-socket";

/** A client of one room, of whatever make; it reconnects by itself. */
export interface LoadClient {
  /** Resolves once it is in its room for the first time. */
  start(): Promise<void>;
  /** Hands a message over. It is kept while there is no connection, and sent when there is one again. */
  publish(data: string): void;
  /** Messages that were handed over and that the client still vouches for. */
  readonly pending: number;
  /** Breaks the connection, as a change of network does. */
  breakConnection(): void;
  /** Leaves for good; no timer or socket is left. */
  stop(): Promise<void>;
}

/** What a client tells while it runs. */
export interface LoadClientEvents extends Trace {
  /** A message's data arrived, as often as it does. */
  message(data: unknown): void;
  /** The client was told that history is lost. */
  resynced(): void;
}

export interface LoadClientArgs {
  /** `ws://host:port/path`. */
  readonly url: string;
  readonly room: string;
  readonly dialing: Dialing;
  readonly events: LoadClientEvents;
}

/** Makes a client; tells the kinds of clients apart for the rest of the load. */
export type LoadClientFactory = (args: LoadClientArgs) => LoadClient;
