import { area, curveMonotoneX, line } from "d3-shape";
import type { Bucket } from "../../load/timeline";
import type { TrialReport } from "../report";
import { stepMs } from "../load/generator";
import { chart } from "./chart";
import { html, type Markup } from "./html";

/** Counts of a whole second: with shorter intervals, a steady rate looks like waves. */
type Second = Pick<Bucket, "at" | "published" | "delivered">;

/** Deliveries per second, and below them messages published per second. */
export function messagesChart({ name, window, faultWindow, timeline }: TrialReport): Markup {
  const seconds = bySecond(timeline);
  const highest = Math.max(1, ...seconds.map(({ delivered }) => delivered));
  const title = `Deliveries and messages a second: ${name}`;
  return chart(
    { title, height: 130, window, faultWindow, highest, label: (value) => `${value}/s` },
    ({ x, y }) => {
      const delivered = area<Second>()
        .x(({ at }) => x(at + 500))
        .y0(y(0))
        .y1((second) => y(second.delivered))
        .curve(curveMonotoneX);
      const published = line<Second>()
        .x(({ at }) => x(at + 500))
        .y((second) => y(second.published))
        .curve(curveMonotoneX);
      return html`<path class="delivered" d="${delivered(seconds) ?? ""}" />
        <path class="edge" d="${delivered.lineY1()(seconds) ?? ""}" />
        <path class="published" d="${published(seconds) ?? ""}" />`;
    },
  );
}

/** Drops the last second, which is rarely complete. */
function bySecond(timeline: readonly Bucket[]): Second[] {
  const each = 1_000 / stepMs;
  return Array.from({ length: Math.floor(timeline.length / each) }, (_, index) => {
    const parts = timeline.slice(index * each, (index + 1) * each);
    return {
      at: parts[0]?.at ?? 0,
      published: parts.reduce((sum, { published }) => sum + published, 0),
      delivered: parts.reduce((sum, { delivered }) => sum + delivered, 0),
    };
  });
}
