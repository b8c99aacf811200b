import type { Message } from "../client";
import { byId, create, durationOf, setText, timeOf } from "./dom";
import { isPageMessage } from "./delivery-counter";
import type { Pod } from "./pods";
import type { Arrival } from "./timeline";

/** The most rows; older ones are removed, as in the room's history. */
const maxRows = 400;

/** A new message scrolls into view if at most this much is below the visible part. Pixels. */
const nearEnd = 80;

/** The sender of a message, as it is shown. */
interface Sender {
  readonly key: string;
  readonly name: string;
  readonly mine: boolean;
}

/**
 * Consecutive beats of one stream on one pod. They are one row with a count, because otherwise they would hide what people write.
 */
interface BeatRun {
  readonly key: string;
  readonly text: Element;
  readonly offset: Element;
  readonly first: { readonly text: string; readonly offset: number };
}

/** The conversation. The border of each message has the colour of the pod that delivered it. */
export class MessageList {
  readonly #stream: string;
  readonly #scroller = byId("conversation");
  readonly #list = byId("messages");
  readonly #pending = byId("pending");
  readonly #empty = byId("empty");
  readonly #latest = byId("latest");
  #sender = "";
  #beats: BeatRun | undefined;

  /** @param stream this page's own, see {@link PageMessage} */
  constructor(stream: string) {
    this.#stream = stream;
    this.#scroller.addEventListener("scroll", () => (this.#latest.hidden = this.#atEnd), { passive: true });
    this.#latest.addEventListener("click", () => this.#toEnd());
  }

  /** Shows a message that is not stored yet. Returns a function to call if it is refused; a stored message arrives by itself. */
  pending(seq: number, text: string): (reason: string) => void {
    const note = create("span", { class: "note" }, "on its way");
    const row = create("li", { "data-seq": String(seq) }, create("p", {}, text), note);
    this.#stay(() => this.#pending.append(row));
    return (reason) => {
      row.classList.add("failed");
      row.removeAttribute("data-seq");
      setText(note, `not sent: ${reason}`);
    };
  }

  message(message: Message<unknown>, user: string, pod: Pod | undefined): void {
    const { data } = message;
    if (isPageMessage(data) && data.stream === this.#stream) this.#arrived(data.seq);
    const sender = this.#senderOf(message, user);
    if (isPageMessage(data) && data.beat === true) this.#beat(message, data.text, sender, pod);
    else this.#stay(() => this.#append(this.#row(message, sender, pod, textOf(data))));
  }

  /** Shows how a pod came to serve, at its place between the messages. */
  arrival(arrival: Arrival, missing: number): void {
    if (arrival.kind === "first") return;
    const { kind, pod, from, ms } = arrival;
    const words =
      kind === "moved"
        ? ["moved to ", chip(pod), ` from `, chip(from), ` · both open for ${durationOf(ms)}`]
        : ["cut from ", chip(from), ` · back after ${durationOf(ms)} on `, chip(pod)];
    const outcome = missing === 0 ? "nothing missed" : `${missing} missed`;
    this.#note(kind, pod, ...words, ` · ${outcome}`);
  }

  /** The client reported that history was lost. */
  resynced(reason: string, pod: Pod | undefined): void {
    this.#note("resynced", pod, reason);
  }

  /** Removes all rows, for another room. */
  clear(): void {
    this.#list.replaceChildren();
    this.#pending.replaceChildren();
    this.#empty.hidden = false;
    this.#sender = "";
    this.#beats = undefined;
  }

  #note(kind: string, pod: Pod | undefined, ...words: readonly (Node | string)[]): void {
    const row = create("li", { class: `event ${kind}`, ...hueOf(pod) }, create("p", {}, ...words));
    this.#sender = "";
    this.#beats = undefined;
    this.#stay(() => this.#append(row));
  }

  #beat(message: Message<unknown>, text: string, sender: Sender, pod: Pod | undefined): void {
    const key = `${sender.key} ${pod?.name ?? ""}`;
    const run = this.#beats;
    if (run?.key === key) {
      setText(run.text, `${run.first.text} to ${text.replace(/^\D+/, "")}`);
      setText(run.offset, `${run.first.offset}–${message.offset}`);
      return;
    }
    const row = this.#row(message, sender, pod, text);
    row.classList.add("beats");
    this.#stay(() => this.#append(row));
    const [words, offset] = [row.querySelector("p"), row.querySelector(".offset")];
    if (words && offset) {
      this.#beats = { key, text: words, offset, first: { text, offset: message.offset } };
    }
  }

  #row({ offset, at }: Message<unknown>, sender: Sender, pod: Pod | undefined, text: string): HTMLElement {
    const again = sender.key === this.#sender;
    this.#sender = sender.key;
    this.#beats = undefined;
    const head = create(
      "span",
      { class: again ? "head hidden-visually" : "head" },
      create("strong", {}, sender.name),
      " ",
      create("time", { datetime: new Date(at).toISOString() }, timeOf(at)),
    );
    return create(
      "li",
      { class: `message${sender.mine ? " mine" : ""}${again ? "" : " first"}`, ...hueOf(pod) },
      head,
      create("p", {}, text),
      create("span", { class: "offset", title: "offset in the room" }, String(offset)),
    );
  }

  #senderOf({ from, data }: Message<unknown>, user: string): Sender {
    const pageMessage = isPageMessage(data) ? data : undefined;
    const mine = pageMessage?.stream === this.#stream;
    const id = from.length > 14 ? from.slice(0, 9) : from;
    const name = mine ? "You" : (pageMessage?.name?.slice(0, 32) ?? (from === user ? "You, elsewhere" : id));
    return { key: `${from} ${pageMessage?.stream ?? ""} ${name}`, name, mine };
  }

  #arrived(seq: number): void {
    this.#pending.querySelector(`[data-seq="${seq}"]`)?.remove();
  }

  #append(row: HTMLElement): void {
    this.#empty.hidden = true;
    this.#list.append(row);
    while (this.#list.childElementCount > maxRows) this.#list.firstElementChild?.remove();
  }

  /** Changes the list. If the end was in view, it stays in view. */
  #stay(change: () => void): void {
    const follow = this.#atEnd;
    change();
    if (follow) this.#toEnd();
    else this.#latest.hidden = false;
  }

  get #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < nearEnd;
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

/** A pod's name with its colour as background. */
function chip({ short, name, hue }: Pod): HTMLElement {
  return create("span", { class: "chip", "data-hue": String(hue), title: name }, short);
}

function hueOf(pod: Pod | undefined): Record<string, string> {
  return pod === undefined ? {} : { "data-hue": String(pod.hue) };
}

function textOf(data: unknown): string {
  if (isPageMessage(data)) return data.text;
  return typeof data === "string" ? data : JSON.stringify(data);
}
