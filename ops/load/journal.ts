/** A message that the load published. */
export interface Published {
  /** Unique in the whole run. */
  readonly id: string;
  readonly publisher: string;
  /** The publisher's own count, starting at 1. */
  readonly number: number;
  readonly room: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A message that reached a client; one entry for each arrival. */
export interface Arrival {
  readonly id: string;
  readonly at: number;
}

/** The route of a client to a pod: through the Service, by its address, or through the edge, by its cookie. */
export type Entry = "clientIp" | "cookie";

/** A socket that opened. */
export interface Connection {
  readonly pod: string;
  readonly at: number;
}

/** A socket that closed without a request of the load. */
export interface Close {
  readonly code: number;
  /** The pod that served it. */
  readonly pod: string;
  readonly at: number;
}

/** The events of one client's sockets. */
export interface ClientTrace {
  readonly name: string;
  readonly entry: Entry;
  readonly connections: Connection[];
  readonly closes: Close[];
  /** Upgrades that were not answered with 101: the HTTP status, or the error's code. */
  readonly refusals: string[];
  /** How often the client was told that history was lost. */
  resyncs: number;
}

/** Everything that one client recorded. */
export interface ClientRecord extends ClientTrace {
  readonly room: string;
  readonly arrivals: Arrival[];
}

/** Everything that a run of the load recorded; {@link import("./verdict").judge} evaluates it. */
export interface Journal {
  readonly published: readonly Published[];
  readonly clients: readonly ClientRecord[];
}
