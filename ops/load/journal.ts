/** A message that the load published. */
export interface Published {
  /** Unique in the whole run. */
  readonly id: string;
  readonly publisher: string;
  /** The publisher's own count, from 1. */
  readonly number: number;
  readonly room: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A message that reached a client; once for each time it did. */
export interface Arrival {
  readonly id: string;
  readonly at: number;
}

/** How a client comes to a pod: through the Service, which knows its address, or through the edge, by its cookie. */
export type Entry = "clientIp" | "cookie";

/** A socket that opened. */
export interface Connection {
  readonly pod: string;
  readonly at: number;
}

/** A socket that closed without the load having asked for it. */
export interface Close {
  readonly code: number;
  /** The pod that served it. */
  readonly pod: string;
  readonly at: number;
}

/** What one client's sockets went through. */
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

/** What one client went through. */
export interface ClientRecord extends ClientTrace {
  readonly room: string;
  readonly arrivals: Arrival[];
}

/** Everything that a run of the load saw; what it means is for {@link import("./verdict").judge} to say. */
export interface Journal {
  readonly published: readonly Published[];
  readonly clients: readonly ClientRecord[];
}
