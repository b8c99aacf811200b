import type { Dialing, Trace } from "./traced-socket";

/** A client of one room, of any kind. It reconnects by itself. */
export interface LoadClient {
  /** Resolves once it is in its room for the first time. */
  start(): Promise<void>;
  /** Publishes a message. The client keeps it while there is no connection, and sends it once there is one. */
  publish(data: string): void;
  /** The number of published messages for which the client still waits. */
  readonly pending: number;
  /** Breaks the connection, as a network change does. */
  breakConnection(): void;
  /** Stops permanently; no timer or socket is left. */
  stop(): Promise<void>;
}

/** The events of a running client. */
export interface LoadClientEvents extends Trace {
  /** The data of a message arrived; called for each arrival. */
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

/** Creates a client. The factory is the only difference between the kinds of clients for the rest of the load. */
export type LoadClientFactory = (args: LoadClientArgs) => LoadClient;
