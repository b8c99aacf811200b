import type { Position, ServerFrame } from "../../../app/protocol/frames";

interface Delivery {
  epoch: string;
  /** The newest offset that this socket was given, by a message or a sync. */
  last: number;
}

/**
 * Checks one socket against the protocol, frame by frame. The client hides a server's errors (it drops repeated messages and
 * requests missing ones), so the events of the client do not prove that the server is correct.
 */
export class WireAudit {
  readonly #rooms = new Map<string, Delivery>();
  /** Positions that the client sent, by room: `recovered` may refer to them. */
  readonly #asked = new Map<string, Position[]>();

  constructor(private readonly fault: (fault: string) => void) {}

  sent(text: string): void {
    const frame = JSON.parse(text) as { type: string; rooms?: Asking[] } & Asking;
    if (frame.type === "hello") for (const room of frame.rooms ?? []) this.#ask(room);
    if (frame.type === "join") this.#ask(frame);
  }

  received(frame: ServerFrame): void {
    if (frame.type === "sync") {
      const { room, epoch, offset, recovered } = frame;
      const before = this.#rooms.get(room);
      const asked = this.#asked.get(room) ?? [];
      if (recovered && before?.last !== offset && !asked.some((position) => position.offset === offset)) {
        const stood = before ? `stood at ${before.epoch}:${before.last}` : "had nothing";
        this.fault(`${room}: recovered at ${epoch}:${offset}, where the socket ${stood}, and nobody asked`);
      }
      this.#rooms.set(room, { epoch, last: offset });
    } else if (frame.type === "message") {
      const delivery = this.#rooms.get(frame.room);
      if (!delivery) this.fault(`${frame.room}: message ${frame.offset} before any sync`);
      else if (frame.offset !== delivery.last + 1) {
        this.fault(`${frame.room}: message ${frame.offset} follows ${delivery.epoch}:${delivery.last}`);
      }
      if (delivery) delivery.last = frame.offset;
    }
  }

  #ask({ room, position }: Asking): void {
    if (position) this.#asked.set(room, [...(this.#asked.get(room) ?? []), position]);
  }
}

interface Asking {
  readonly room: string;
  readonly position?: Position;
}
