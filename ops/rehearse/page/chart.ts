import { scaleLinear } from "d3-scale";
import type { Window } from "../../load/verdict";
import { html, type Markup } from "./html";

/** The width of every chart, in the units of its drawing: charts below each other have the same time axis. */
const width = 960;
const margin = { left: 64, right: 16, top: 10, bottom: 26 } as const;

/** The scales of a chart. */
export interface Frame {
  /** Converts milliseconds since the epoch. */
  readonly x: (at: number) => number;
  /** Converts the values' own unit; 0 is at the bottom. */
  readonly y: (value: number) => number;
  readonly bottom: number;
}

export interface ChartArgs {
  /** For screen readers. */
  readonly title: string;
  /** The height of the whole drawing. */
  readonly height: number;
  readonly window: Window;
  /** The time of the fault, which is shaded. */
  readonly faultWindow: Window;
  /** The largest value; undefined for a chart without values. */
  readonly highest?: number;
  /** Formats a value at the axis. */
  readonly label?: (value: number) => string;
}

/** A chart over time: axes, grid, the shaded time of the fault, and the drawing of `draw`. */
export function chart(
  { title, height, window, faultWindow, highest, label = String }: ChartArgs,
  draw: (frame: Frame) => Markup,
): Markup {
  const bottom = height - margin.bottom;
  const seconds = scaleLinear([0, (window.to - window.from) / 1_000], [margin.left, width - margin.right]);
  const values = scaleLinear([0, Math.max(1, highest ?? 1)], [bottom, margin.top]).nice(4);
  const x = (at: number) => round(seconds((at - window.from) / 1_000));
  const y = (value: number) => round(values(value));
  const [from, to] = [x(faultWindow.from), x(faultWindow.to)];
  const times = seconds
    .ticks(10)
    .map(
      (tick) =>
        html`<line
            class="tick"
            x1="${round(seconds(tick))}"
            x2="${round(seconds(tick))}"
            y1="${bottom}"
            y2="${bottom + 4}"
          />
          <text class="axis" x="${round(seconds(tick))}" y="${height - 8}" text-anchor="middle"
            >${tick} s</text
          >`,
    );
  const levels = (highest === undefined ? [] : values.ticks(4).filter(Number.isInteger)).map(
    (tick) =>
      html`<line
          class="grid"
          x1="${margin.left}"
          x2="${width - margin.right}"
          y1="${y(tick)}"
          y2="${y(tick)}"
        />
        <text class="axis" x="${margin.left - 8}" y="${y(tick) + 4}" text-anchor="end">${label(tick)}</text>`,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
    <rect
      class="faultWindow"
      x="${from}"
      y="${margin.top}"
      width="${Math.max(1, round(to - from))}"
      height="${bottom - margin.top}"
    />
    ${levels} ${draw({ x, y, bottom })}
    <line class="tick" x1="${margin.left}" x2="${width - margin.right}" y1="${bottom}" y2="${bottom}" />
    ${times}
  </svg>`;
}

/** Rounds to a tenth of a unit, which nobody can see and which keeps the page small. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
