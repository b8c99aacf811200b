/**
 * Redis keys, all built here. What one script touches shares a hash tag, so that it lies in one slot of a Cluster.
 * Names come from clients and tokens: {@link encode} keeps braces and everything else unusual out of the tag.
 */

/** A session: `ws:session:{connection_id}`. */
export const sessionKey = (id: string) => `ws:session:{${encode(id)}}`;

/** A pod's control channel: other pods tell it there that a session of its has moved. */
export const podChannel = (pod: string) => `ws:pod:{${encode(pod)}}`;

/** Hash of what each pod of a service has told of its load, by pod. */
export const loadsKey = (service: string) => `ws:loads:{${encode(service)}}`;

/** The keys of one room, and the channel of its live messages. */
export interface RoomKeys {
  /** Stream of the last messages; entry ids are `<offset>-0`. Also the name of the sharded channel. */
  readonly stream: string;
  /** Hash: epoch, top, run (server process that wrote last), previous_epochs (earlier epochs and where they ended), acked. */
  readonly meta: string;
  /** Sorted set of `user connection`, by when it was last known to be there. */
  readonly present: string;
  /** What one publisher has published lately: hash of id → offset. */
  readonly publisher: (publisher: string) => string;
}

/** A room of a service. */
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
