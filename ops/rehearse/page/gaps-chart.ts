import type { TrialReport } from "../report";
import { stepMs } from "../load/generator";
import { chart } from "./chart";
import { html, type Markup } from "./html";

/** The slowest delivery of each moment: the longest wait of any client. */
export function gapsChart({ name, window, faultWindow, timeline }: TrialReport): Markup {
  const slowest = Math.max(0, ...timeline.map(({ slowestMs }) => slowestMs ?? 0));
  const title = `The slowest delivery of each half second: ${name}`;
  return chart(
    // Nobody sees a difference below a fifth of a second, so the scale does not enlarge it.
    { title, height: 130, window, faultWindow, highest: Math.max(200, slowest), label: milliseconds },
    ({ x, y, bottom }) =>
      html`${timeline.map(({ at, slowestMs }) =>
        slowestMs === null
          ? undefined
          : html`<rect
              class="gap"
              x="${x(at)}"
              y="${y(slowestMs)}"
              width="${Math.max(1, x(Math.min(at + stepMs, window.to)) - x(at) - 1)}"
              height="${Math.max(1, bottom - y(slowestMs))}"
              ><title>${Math.round(slowestMs)} ms</title></rect
            >`,
      )}`,
  );
}

function milliseconds(value: number): string {
  return value >= 1_000 ? `${value / 1_000} s` : `${value} ms`;
}
