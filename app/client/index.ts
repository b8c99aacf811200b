/** The entry for browsers: it has no dependency. */
export type { Backoff } from "./backoff";
export {
  HoldfastClient,
  type ClientEvents,
  type ClientState,
  type Connected,
  type StateChange,
} from "./client";
export { HoldfastError, type HoldfastErrorCode } from "./errors";
export type { ClientOptions } from "./options";
export type { Message, Resync, Room, Subscription, SubscriptionEvents } from "./room";
export type { Timers } from "./timers";
export type { WebSocketConstructor, WebSocketLike } from "./web-socket";
