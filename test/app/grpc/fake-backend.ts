import type {
  PresentUser,
  PublisherBackend,
  RoomMessage,
  StoredAt,
  UserMessage,
} from "../../../app/server/grpc/backend";

type Call =
  | { readonly method: "publishToRoom"; readonly message: RoomMessage }
  | { readonly method: "publishToUser"; readonly message: UserMessage }
  | { readonly method: "presence"; readonly room: string }
  | { readonly method: "closeUser"; readonly user: string; readonly reason: string };

/**
 * A backend that only notes what reaches it and answers as told. The gRPC layer's whole promise is what it lets through
 * to its backend and what it makes of the backend's answers and errors; a real store can be neither asked for an error at a
 * given moment nor held in the middle of a call. That publishes are stored and sockets closed is shown with the real store.
 *
 * To extend it: add the call's shape to `Call` and a method that passes through `#note`.
 */
export class FakeBackend implements PublisherBackend {
  readonly calls: Call[] = [];
  /** The signals of the calls, in the order of `calls`. */
  readonly signals: AbortSignal[] = [];
  present: readonly PresentUser[] = [];
  /** What each call waits for: hold it, or make it fail. */
  hold: () => Promise<void> = () => Promise.resolve();
  #waiting: (() => void)[] = [];

  async publishToRoom(message: RoomMessage, signal: AbortSignal): Promise<StoredAt> {
    await this.#note({ method: "publishToRoom", message }, signal);
    return { epoch: "e1", offset: Number.MAX_SAFE_INTEGER };
  }

  async publishToUser(message: UserMessage, signal: AbortSignal): Promise<StoredAt> {
    await this.#note({ method: "publishToUser", message }, signal);
    return { epoch: "e2", offset: 7 };
  }

  async presence(room: string, signal: AbortSignal): Promise<readonly PresentUser[]> {
    await this.#note({ method: "presence", room }, signal);
    return this.present;
  }

  async closeUser(user: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#note({ method: "closeUser", user, reason }, signal);
  }

  /** Resolves once this many calls have come. */
  async reached(count: number): Promise<void> {
    while (this.calls.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #note(call: Call, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    this.signals.push(signal);
    for (const resolve of this.#waiting.splice(0)) resolve();
    await this.hold();
  }
}
