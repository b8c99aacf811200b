/**
 * Redis keys, all built here. The keys of one script share a hash tag, so that they are in one slot of a Cluster. Names come from
 * clients and tokens: {@link encode} keeps braces and other special characters out of the tag.
 */

/** A session: `ws:session:{connection_id}`. */
export const sessionKey = (id: string) => `ws:session:{${encode(id)}}`;

/** A pod's control channel: other pods report there that they now serve one of its sessions. */
export const podChannel = (pod: string) => `ws:pod:{${encode(pod)}}`;

/** Hash of the loads that the pods of a service report, by pod. */
export const loadsKey = (service: string) => `ws:loads:{${encode(service)}}`;

/** The keys of one room, and the channel of its live messages. */
export interface RoomKeys {
  /** Stream of the last messages; entry ids are `<offset>-0`. Also the name of the sharded channel. */
  readonly stream: string;
  /**
   * Hash: epoch, top, run (the server process of the last write), previous_epochs (earlier epochs and where they ended), acked.
   */
  readonly meta: string;
  /** Sorted set of `user connection`, by the time of the last refresh. */
  readonly present: string;
  /** The recent publishes of one publisher: hash of id → offset. */
  readonly publisher: (publisher: string) => string;
}

/** The keys of a room of a service. */
export const roomKeys = (service: string, room: string) =>
  keys(`ws:room:{${encode(service)}/${encode(room)}}`);

/** A user's inbox, shared by the services of a stack: `ws:messages:{user_id}`. */
export const userKeys = (user: string) => keys(`ws:messages:{${encode(user)}}`);

function keys(stream: string): RoomKeys {
  return {
    stream,
    meta: `${stream}:meta`,
    present: `${stream}:present`,
    publisher: (publisher) => `${stream}:publisher:${encode(publisher)}`,
  };
}

const encode = encodeURIComponent;
