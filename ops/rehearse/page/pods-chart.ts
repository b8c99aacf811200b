import type { Window } from "../../load/verdict";
import type { TrialReport, PodReport } from "../report";
import { chart, type Frame } from "./chart";
import { html, type Markup } from "./html";

const laneHeight = 20;
const barHeight = 12;

/** The life of each pod: pale while it starts or is not ready, full while it serves, hatched while it terminates. */
export function podsChart(
  { name, window, faultWindow }: TrialReport,
  pods: readonly PodReport[],
  colours: ReadonlyMap<string, string>,
): Markup {
  const height = 36 + pods.length * laneHeight;
  const title = `The pods' lives: ${name}`;
  return chart({ title, height, window, faultWindow }, (frame) => {
    return html`${pods.map((pod, index) => lane(pod, 10 + index * laneHeight, window, frame, colours))}`;
  });
}

function lane(
  pod: PodReport,
  top: number,
  window: Window,
  { x }: Frame,
  colours: ReadonlyMap<string, string>,
): Markup {
  const { name, node, createdAt, deletedAt, goneAt, served, killed, restarts } = pod;
  const colour = colours.get(name) ?? "gray";
  const bar = (kind: string, from: number, to: number) => {
    const [left, right] = [Math.max(from, window.from), Math.min(to, window.to)];
    if (right <= left) return undefined;
    return html`<rect
      class="${kind}"
      x="${x(left)}"
      y="${top + 4}"
      width="${Math.max(1, x(right) - x(left))}"
      height="${barHeight}"
      rx="3"
      fill="${colour}"
    />`;
  };
  const end = goneAt ?? window.to;
  const events = [killed && "killed after its grace period", restarts > 0 && `restarted ${restarts}×`].filter(
    Boolean,
  );
  return html`<g>
    <title>${[`${name} on ${node}`, ...events].join(", ")}</title>
    ${bar("waiting", createdAt, deletedAt ?? end)}
    ${served.map(({ from, to }) => bar("serving", from, to ?? end))}
    ${deletedAt === undefined ? undefined : bar("ending", deletedAt, end)}
    <text class="lane" x="56" y="${top + 14}" text-anchor="end">${name.split("-").at(-1)}</text>
  </g>`;
}
