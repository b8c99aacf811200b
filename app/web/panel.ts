import type { Chat } from "./chat";
import { byId, setText, timeOf } from "./dom";

const stateWords = {
  idle: "not connected",
  connecting: "connecting",
  connected: "connected",
  moving: "moving",
  waiting: "cut, trying again",
  closed: "closed",
} as const;

/** The figures: pod, counters, session. */
export class Panel {
  readonly #state = byId("state");
  readonly #pod = byId("pod");
  readonly #podName = byId("pod-name");
  readonly #podSince = byId("pod-since");
  readonly #figures = new Map(
    ["received", "lost", "duplicated", "moves", "cuts"].map((name) => [name, byId(name)] as const),
  );
  readonly #facts = new Map(
    ["user", "session", "room-id", "epoch", "offset", "resumed"].map((name) => [name, byId(name)] as const),
  );

  show({ state, session, room, counter, timeline }: Chat): void {
    this.#state.dataset.state = state;
    setText(this.#state, stateWords[state]);
    const serving = timeline.spans.at(-1);
    this.#pod.dataset.hue = String(serving?.pod.hue ?? 0);
    setText(this.#pod, serving?.pod.short ?? "none yet");
    setText(this.#podName, serving?.pod.name ?? "");
    const since = serving && (serving.to === undefined ? ["since", serving.from] : ["until", serving.to]);
    setText(this.#podSince, since ? `${since[0]} ${timeOf(Number(since[1]))}` : "");
    const { received, lost, duplicated } = counter;
    const { moves, cuts } = timeline;
    for (const [name, value] of Object.entries({ received, lost, duplicated, moves, cuts })) {
      const figure = this.#figures.get(name);
      if (figure === undefined) continue;
      setText(figure, String(value));
      figure.dataset.zero = String(value === 0);
    }
    const facts = {
      user: session?.user,
      session: session?.session,
      "room-id": room.id,
      epoch: room.position?.epoch,
      offset: room.position?.offset,
      resumed: session && (session.resumed ? "yes: this session continues" : "no: this session is new"),
    };
    for (const [name, value] of Object.entries(facts)) {
      const element = this.#facts.get(name);
      if (element) setText(element, String(value ?? "–"));
    }
  }
}
