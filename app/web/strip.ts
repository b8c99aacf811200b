import { createSvg } from "./dom";
import type { Span, Timeline } from "./timeline";

/** The parts of the strip, from its top. Pixels. */
const ticks = { top: 4, height: 10 };
const band = { top: 20, height: 24 };
const axis = { baseline: 60 };

/** Half the width of a splice, where the band of one pod changes to that of the next. Pixels. */
const splice = 9;

/** The time that is shown: at least, and at most on a wide strip and on a narrow one. Seconds. */
const shortest = 15;
const longest = (width: number) => (width > 640 ? 120 : 60);

/** The approximate width of a character of the label. Pixels. */
const characterWidth = 7.5;

/**
 * The timeline as a picture: a band with the colour of the serving pod. It is cut at a slant if the next socket opened before the
 * old one closed, and has a gap if no socket served. Above it is a tick for each message.
 */
export class Strip {
  readonly #svg: SVGElement;
  readonly #timeline: Timeline;
  #drawnAt = 0;

  constructor(frame: HTMLElement, timeline: Timeline) {
    this.#svg = createSvg("svg", {});
    this.#timeline = timeline;
    frame.replaceChildren(this.#svg);
  }

  /** Draws now and at intervals: often while it is visible, rarely if the reader prefers reduced motion. */
  start(): void {
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const frame = (at: number) => {
      if (at - this.#drawnAt > (calm.matches ? 1_000 : 60)) {
        this.#drawnAt = at;
        this.draw(Date.now());
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  draw(now: number): void {
    const width = this.#svg.clientWidth;
    const ageSeconds = Math.ceil((now - (this.#timeline.spans[0]?.from ?? now)) / 1_000);
    const seconds = Math.min(longest(width), Math.max(shortest, ageSeconds));
    const scale = width / (seconds * 1_000);
    const x = (at: number) => Math.max(-2 * splice, width - (now - at) * scale);
    const shown = this.#timeline.spans.filter(({ to }) => to === undefined || x(to) > -splice);
    this.#svg.replaceChildren(
      createSvg("line", { class: "water", x1: 0, x2: width, y1: middle, y2: middle }),
      ...shown.flatMap((span, index) => bandOf(span, shown[index + 1], x, width)),
      tickPath(this.#timeline.messages.map(x).filter((at) => at >= 0)),
      ...axisOf(width, seconds),
    );
  }
}

const middle = band.top + band.height / 2;

function bandOf(span: Span, next: Span | undefined, x: (at: number) => number, width: number): SVGElement[] {
  const from = x(span.from);
  const to = span.to === undefined ? width : x(span.to);
  // The old band ends and the new one begins at the same slant, with the new one on top.
  const slantFrom = span.overlapMs === undefined ? 0 : splice;
  const slantTo = next?.overlapMs === undefined ? 0 : splice;
  const [top, bottom] = [band.top, band.top + band.height];
  const points = [
    [from + slantFrom, top],
    [to + slantTo, top],
    [to - slantTo, bottom],
    [from - slantFrom, bottom],
  ];
  const shape = createSvg("polygon", {
    class: "band",
    "data-hue": span.pod.hue,
    points: points.map((point) => point.join(",")).join(" "),
  });
  const left = Math.max(0, from + slantFrom) + 8;
  const label = span.pod.short;
  const fits = to - slantTo - left > label.length * characterWidth + 4;
  const text = createSvg(
    "text",
    { class: "band-label", "data-hue": span.pod.hue, x: left, y: middle + 4 },
    label,
  );
  const seam =
    slantFrom === 0
      ? []
      : [createSvg("line", { class: "seam", x1: from + splice, x2: from - splice, y1: top, y2: bottom })];
  return [shape, ...seam, ...(fits ? [text] : [])];
}

/** One path for all ticks: one element for each would be hundreds of elements in each frame. */
function tickPath(positions: readonly number[]): SVGElement {
  const d = positions.map((at) => `M${at.toFixed(1)} ${ticks.top}v${ticks.height}`).join("");
  return createSvg("path", { class: "ticks", d });
}

function axisOf(width: number, seconds: number): SVGElement[] {
  const marks = [
    { at: 0, anchor: "start", label: `${seconds} s ago` },
    { at: width / 2, anchor: "middle", label: `${Math.round(seconds / 2)} s` },
    { at: width, anchor: "end", label: "now" },
  ];
  return marks.map(({ at, anchor, label }) =>
    createSvg("text", { class: "axis", x: at, y: axis.baseline, "text-anchor": anchor }, label),
  );
}
