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
 * A backend that records its calls and answers as the test says. The gRPC layer passes requests to its backend, and turns the
 * backend's answers and errors into its own. A real store cannot fail at a given moment, or stop in the middle of a call. Other
 * tests show with the real store that publishes are stored and sockets are closed.
 * To extend it, add the call's shape to `Call`, and a method that uses `#note`.
 */
export class FakeBackend implements PublisherBackend {
  readonly calls: Call[] = [];
  /** The signals of the calls, in the order of `calls`. */
  readonly signals: AbortSignal[] = [];
  present: readonly PresentUser[] = [];
  /** What each call awaits: a test can hold it, or make it fail. */
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

  /** Resolves once this many calls have arrived. */
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
