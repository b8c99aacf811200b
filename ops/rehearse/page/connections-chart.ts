import { area, curveStepAfter, stack } from "d3-shape";
import type { TrialReport } from "../report";
import { chart } from "./chart";
import { html, type Markup } from "./html";

/** Clients by the pod that serves them, stacked: a gap at the top shows clients that no pod serves. */
export function connectionsChart(
  { name, window, faultWindow, placement }: TrialReport,
  clients: number,
  colours: ReadonlyMap<string, string>,
): Markup {
  const { times, pods } = placement;
  const names = pods.map(({ pod }) => pod);
  // The last count is valid until the end.
  const rows = [...times, window.to].map((at, index) => ({
    at,
    counts: new Map(pods.map((pod) => [pod.pod, pod.clients[Math.min(index, times.length - 1)] ?? 0])),
  }));
  type Row = (typeof rows)[number];
  const layers = stack<unknown, Row, string>()
    .keys(names)
    .value((row, pod) => row.counts.get(pod) ?? 0)(rows);
  const title = `Clients by the pod that served them: ${name}`;
  return chart({ title, height: 260, window, faultWindow, highest: clients }, ({ x, y }) => {
    const shape = area<(typeof layers)[number][number]>()
      .x(({ data }) => x(data.at))
      .y0(([from]) => y(from))
      .y1(([, to]) => y(to))
      .curve(curveStepAfter);
    return html`${layers.map(
        (layer) =>
          html`<path d="${shape(layer) ?? ""}" fill="${colours.get(layer.key) ?? "gray"}"
            ><title>${layer.key}</title></path
          >`,
      )}
      <line class="all" x1="${x(window.from)}" x2="${x(window.to)}" y1="${y(clients)}" y2="${y(clients)}" />`;
  });
}
