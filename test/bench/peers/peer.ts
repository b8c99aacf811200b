/** A server that is measured. */
export interface Peer {
  readonly name: string;
  /** The protocol of its clients; see `protocols.ts`. */
  readonly protocol: ProtocolName;
  /** Starts the server; resolves once it serves. Rejects with the reason if it cannot be measured on this machine. */
  serve(): Promise<Server>;
}

/** A running peer. */
export interface Server {
  /** `ws://host:port`, with a path if the peer needs one. */
  readonly url: string;
  /** The process whose CPU and memory are measured; undefined if it is not known. */
  readonly pid: number | undefined;
  /** The process that stores its messages; it is measured separately. */
  readonly storePid?: number;
  /** Whether the process collects its garbage on a signal; see `helpers/collectable.ts`. */
  readonly isCollectable: boolean;
  /** Whether the process has had no clients yet. Otherwise it may reuse memory, so the growth says nothing. */
  readonly isFresh: boolean;
  /** The token of each client's connection, if the peer needs one. */
  readonly token?: string;
  /** Stops everything that {@link Peer.serve} started. */
  stop(): Promise<void>;
}

export type ProtocolName = "holdfast" | "ws" | "socket.io" | "centrifuge";

/** Everything that a client receives except the messages of its room. */
export type Control =
  | { readonly type: "ready" }
  | { readonly type: "ack"; readonly id: number }
  /** The client must answer with this text. */
  | { readonly type: "answer"; readonly text: string }
  | { readonly type: "error"; readonly reason: string }
  | { readonly type: "other" };

/** The texts that one client sends and receives. All other code is the same for all peers: `load/client.ts`. */
export interface Protocol {
  readonly subprotocol?: string;
  /** The URL for a client of a room. */
  address(url: string, room: string): string;
  /** The texts that a client sends when its socket opens. `name` is unique to the client. */
  greeting(room: string, name: string, token: string | undefined): readonly string[];
  /** The text of a publish. The ids of a client count by 1; `data` is ASCII without quotes. */
  publish(room: string, id: number, data: string): string;
  /** Reads a line of text that contains no message. */
  control(line: string): Control;
}
