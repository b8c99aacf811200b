import { area, curveMonotoneX, line } from "d3-shape";
import type { Bucket } from "../../load/timeline";
import type { OrdealReport } from "../report";
import { stepMs } from "../load/generator";
import { chart } from "./chart";
import { html, type Markup } from "./html";

const perSecond = 1_000 / stepMs;

/** Deliveries a second, and messages published a second below them. */
export function messagesChart({ name, window, disturbed, timeline }: OrdealReport): Markup {
  const highest = Math.max(1, ...timeline.map(({ delivered }) => delivered * perSecond));
  const title = `Deliveries and messages a second: ${name}`;
  return chart(
    { title, height: 130, window, disturbed, highest, label: (value) => `${value}/s` },
    ({ x, y }) => {
      const delivered = area<Bucket>()
        .x(({ at }) => x(at + stepMs / 2))
        .y0(y(0))
        .y1((bucket) => y(bucket.delivered * perSecond))
        .curve(curveMonotoneX);
      const published = line<Bucket>()
        .x(({ at }) => x(at + stepMs / 2))
        .y((bucket) => y(bucket.published * perSecond))
        .curve(curveMonotoneX);
      return html`<path class="delivered" d="${delivered(timeline) ?? ""}" />
        <path class="edge" d="${delivered.lineY1()(timeline) ?? ""}" />
        <path class="published" d="${published(timeline) ?? ""}" />`;
    },
  );
}
