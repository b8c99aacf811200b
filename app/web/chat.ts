import { HoldfastClient, type Connected, type Message, type Room, type StateChange } from "../client";
import type { MessageList } from "./message-list";
import { DeliveryCounter, type PageMessage } from "./delivery-counter";
import { Pods } from "./pods";
import { Timeline } from "./timeline";

/** The part of the page that shows the chat. */
export interface ChatView {
  /** The state of the chat has changed and must be shown again. */
  changed(): void;
  /** A sentence for a screen reader. */
  announce(text: string): void;
  /** The chat has ended. It can start again with a new token, or after a reload of the page. */
  ended(reason: string): void;
}

export interface ChatOptions {
  readonly url: string;
  readonly room: string;
  readonly token: string | undefined;
  /** Identifies this opening of the page in its messages. */
  readonly stream: string;
}

/** One client in one room, with its delivery statistics. */
export class Chat {
  readonly timeline: Timeline;
  counter = new DeliveryCounter();
  session: Connected | undefined;
  room: Room<unknown>;
  readonly #client: HoldfastClient;
  readonly #pods: Pods;
  readonly #messages: MessageList;
  readonly #view: ChatView;
  readonly #stream: string;
  #seq = 0;
  /** The losses that were already shown at the last arrival. */
  #reportedLost = 0;
  #leaveRoom: () => void = () => undefined;

  /** @param timeline the page's timeline: it continues when a new token begins a new session */
  constructor(options: ChatOptions, timeline: Timeline, pods: Pods, messages: MessageList, view: ChatView) {
    const { url, token, stream } = options;
    this.timeline = timeline;
    this.#pods = pods;
    this.#messages = messages;
    this.#view = view;
    this.#stream = stream;
    this.#client = new HoldfastClient({ url, ...(token !== undefined && { token }) });
    this.#client.on("state", (change) => this.#changed(change));
    this.#client.on("connected", (connected) => this.#connected(connected));
    this.room = this.#enter(options.room);
  }

  get state(): HoldfastClient["state"] {
    return this.#client.state;
  }

  connect(): void {
    this.#client.connect().catch(() => undefined); // the state reports a failure
  }

  /** Leaves the room and enters another one; the session and its socket stay. */
  enter(room: string): void {
    if (room === this.room.id) return;
    this.#leaveRoom();
    this.room.leave();
    this.counter = new DeliveryCounter();
    this.#reportedLost = 0;
    this.#messages.clear();
    this.room = this.#enter(room);
    this.#view.changed();
  }

  /** Publishes a message. Resolves once it is stored, or was refused, which the conversation shows. */
  async publish(text: string, extra: Pick<PageMessage, "name" | "beat"> = {}): Promise<void> {
    const seq = ++this.#seq;
    const message: PageMessage = { text, stream: this.#stream, seq, ...extra };
    const failed = this.#messages.pending(seq, text);
    await this.room.publish(message).catch((error: unknown) => failed((error as Error).message));
  }

  #enter(id: string): Room<unknown> {
    const room = this.#client.join(id, { history: 50 });
    const undo = [
      room.on("message", (message) => this.#message(message)),
      room.on("resynced", ({ reason, position }) => {
        this.counter.resynced(position);
        const why = reason === "epoch" ? "the room began anew" : "its history does not reach back so far";
        const notice = `History was lost: ${why}. What was missed cannot be known.`;
        this.#messages.resynced(notice, this.timeline.pod);
        this.#view.announce(notice);
        this.#view.changed();
      }),
    ];
    room.joined.catch((error: unknown) => {
      if (this.state !== "closed" && this.room === room) this.#view.announce((error as Error).message);
    });
    this.#leaveRoom = () => {
      for (const unsubscribe of undo) unsubscribe();
    };
    return room;
  }

  #message(message: Message<unknown>): void {
    this.counter.accept(message);
    this.timeline.message(Date.now());
    this.#messages.message(message, this.session?.user ?? "", this.timeline.pod);
    this.#view.changed();
  }

  #changed({ to, reason }: StateChange): void {
    const now = Date.now();
    if (to === "moving") this.timeline.moving(now);
    if (to === "waiting" || to === "closed") {
      this.timeline.lost(now);
      this.#view.announce(to === "closed" ? `Closed: ${reason}` : "The connection was cut; trying again.");
    }
    this.#view.changed();
    if (to === "closed") this.#view.ended(reason);
  }

  #connected(connected: Connected): void {
    this.session = connected;
    const arrival = this.timeline.connected(this.#pods.get(connected.pod), connected.moved, Date.now());
    const missing = this.counter.lost - this.#reportedLost;
    this.#reportedLost = this.counter.lost;
    this.#messages.arrival(arrival, missing);
    const { short } = arrival.pod;
    const outcome = missing === 0 ? "Nothing was missed." : `${missing} messages were missed.`;
    if (arrival.kind === "first") this.#view.announce(`Connected to pod ${short}.`);
    else this.#view.announce(`${arrival.kind === "moved" ? "Moved" : "Back"} on pod ${short}. ${outcome}`);
    this.#view.changed();
  }
}
