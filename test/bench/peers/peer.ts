/** A server that is measured. */
export interface Peer {
  readonly name: string;
  /** How its clients speak; see `protocols.ts`. */
  readonly protocol: ProtocolName;
  /** Starts it; resolves once it serves. Rejects with the reason where it cannot be measured on this machine. */
  serve(): Promise<Server>;
}

/** A peer that serves. */
export interface Server {
  /** `ws://host:port`, with a path where the peer needs one. */
  readonly url: string;
  /** The process whose CPU and memory are measured; undefined where it is not known. */
  readonly pid: number | undefined;
  /** The process in which it keeps its messages, measured apart. */
  readonly storePid?: number;
  /** Whether the process collects its garbage at {@link collectSignal}; see `helpers/collectable.ts`. */
  readonly isCollectable: boolean;
  /** Whether the process has had no clients yet: one that has had some keeps memory that it would ask for again. */
  readonly isFresh: boolean;
  /** The token of each client's connection, where the peer needs one. */
  readonly token?: string;
  /** Ends what {@link Peer.serve} started. */
  stop(): Promise<void>;
}

export type ProtocolName = "holdfast" | "ws" | "socket.io" | "centrifuge";

/** What a client receives that is no message of its room. */
export type Control =
  | { readonly type: "ready" }
  | { readonly type: "ack"; readonly id: number }
  /** The client must answer with this text. */
  | { readonly type: "answer"; readonly text: string }
  | { readonly type: "error"; readonly reason: string }
  | { readonly type: "other" };

/** What one client sends and receives. Everything else is the same code for all peers: `load/client.ts`. */
export interface Protocol {
  readonly subprotocol?: string;
  /** The address of a client that wants to be in a room. */
  address(url: string, room: string): string;
  /** The texts that a client sends as soon as its socket is open. `name` is of this client alone. */
  greeting(room: string, name: string, token: string | undefined): readonly string[];
  /** A publish. Ids of a client count by 1; `data` is ASCII without quotes. */
  publish(room: string, id: number, data: string): string;
  /** Reads a line of text in which there is no message. */
  control(line: string): Control;
}
