import type { Position } from "../../protocol/frames";

/** The values that `RoomStore` returns, and its requests. */

/**
 * A message as it is stored. `body` is the tail of its frame, `"from":…,"at":…,"data":…}`, so that no pod has to parse it again.
 */
export interface StoredMessage {
  readonly offset: number;
  readonly body: string;
}

/** A part of a room's history. */
export interface HistoryPage {
  readonly epoch: string;
  /** The newest offset of the room. */
  readonly top: number;
  /** Whether the requested position belongs to this history and nothing after it is missing. */
  readonly recovered: boolean;
  /** Delivery continues after this offset. */
  readonly base: number;
  /** `base + 1`, `base + 2`, … to the end of the page. */
  readonly messages: readonly StoredMessage[];
}

/** The state of a room. */
export interface RoomState {
  readonly epoch: string;
  readonly top: number;
  /** For a user's inbox: the offset that the user's sessions have received. Absent if it was not requested. */
  readonly acknowledged?: number;
}

export interface ReadRequest {
  readonly position?: Position | undefined;
  /** The most messages in this page, within {@link pageBytes}; 0 requests only the room's state. */
  readonly count: number;
  /**
   * Without a position, or if it is not recovered: this many of the newest messages, or all that no session of the user has
   * received.
   */
  readonly history?: number | "acked";
  /** True for a position of this server: it was delivered, so history without it was lost. */
  readonly proof?: boolean;
}

export interface Published {
  readonly epoch: string;
  readonly offset: number;
  /** The message was stored before, under the same publisher and id. */
  readonly duplicate: boolean;
}
