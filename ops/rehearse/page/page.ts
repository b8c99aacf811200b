import { counts, moveCounts, percent } from "../../experiment/format";
import { verdictLine } from "../table";
import type { TrialReport, PodReport, Report } from "../report";
import { connectionsChart } from "./connections-chart";
import { gapsChart } from "./gaps-chart";
import { html, Markup } from "./html";
import { messagesChart } from "./messages-chart";
import { palette } from "./palette";
import { podsChart } from "./pods-chart";
import { style } from "./style";

/** The report as one page that loads nothing: no script, font or picture. */
export function reportPage(report: Report): string {
  const { kept, stack, namespace, context, startedAt, seconds } = report;
  const title = `Rehearsal of ${stack}, ${startedAt.slice(0, 16).replace("T", " ")} UTC`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        ${hatch}
        <main>
          <section class="verdict ${kept ? "kept" : "noticed"}">
            <h1>${kept ? "Nobody noticed." : "Users would have noticed."}</h1>
            <p>${verdictLine(report)}</p>
            <p class="soft">
              Stack ${stack} in namespace ${namespace} of ${context},
              ${startedAt.slice(0, 16).replace("T", " ")} UTC, ${Math.round(seconds)} s
            </p>
          </section>
          ${report.trials.map((trial) => section(trial, report))} ${conditions(report)}
          <footer>
            Gap: the longest that any message took to one client; p50, p99 and max over the clients. It
            contains how late the clients' own processes were. Shaded: from the fault to the moment at which
            all was whole again. Measured by <code>npm run rehearse</code>, id ${report.id}, Node.js
            ${report.node}.
          </footer>
        </main>
      </body>
    </html> `.text.replace(/^ {4}/gm, "");
}

/** The pattern for terminating pods, defined once for all charts. */
const hatch = html`<svg
  width="0"
  height="0"
  style="position: absolute; min-width: 0; width: 0"
  aria-hidden="true"
>
  <defs>
    <pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="6" height="6" fill="#555" />
      <rect width="3" height="6" fill="#fff" />
    </pattern>
    <mask id="hatch" maskContentUnits="userSpaceOnUse" x="0" y="0" width="100%" height="100%">
      <rect x="0" y="0" width="2000" height="2000" fill="url(#stripes)" />
    </mask>
  </defs>
</svg>`;

function section(trial: TrialReport, report: Report): Markup {
  const pods = podsOf(trial, report);
  const colours = palette(trial, pods);
  const { name, rollout, plain } = trial;
  return html`<section class="card">
    <h2>${name.charAt(0).toUpperCase() + name.slice(1)}</h2>
    <p class="soft">
      took ${rollout.seconds} s; pods that ended: ${rollout.replaced}, killed after their grace period:
      ${rollout.killed}
    </p>
    <div class="figures">${figures(trial)}</div>
    ${
      plain === undefined
        ? undefined
        : html`<p class="compare">
            Beside them, ${report.plainClients} clients that only reconnect: ${plain.lost} of
            ${plain.expected} deliveries lost.
          </p>`
    }
    <h3>Clients by pod <span>one upon the other; dashed: all ${report.clients}</span></h3>
    <div class="scroll">${connectionsChart(trial, report.clients, colours)}</div>
    <ul class="legend">
      ${pods
        .filter((pod) => trial.placement.pods.some((served) => served.pod === pod.name))
        .map(({ name }) => html`<li><i style="background: ${colours.get(name) ?? "gray"}"></i>${name}</li>`)}
    </ul>
    <h3>Pods <span>faint: not ready; full: serves; striped: drains and ends</span></h3>
    <div class="scroll">${podsChart(trial, pods, colours)}</div>
    <h3>Slowest delivery <span>of each half second</span></h3>
    <div class="scroll">${gapsChart(trial)}</div>
    <h3>Deliveries a second <span>dashed: messages published</span></h3>
    <div class="scroll">${messagesChart(trial)}</div>
  </section>`;
}

/** The pods of a trial, by service, oldest first. */
function podsOf({ window }: TrialReport, { pods }: Report): readonly PodReport[] {
  return pods
    .filter(({ createdAt, goneAt = Infinity }) => createdAt < window.to && goneAt > window.from)
    .toSorted((a, b) => a.service.localeCompare(b.service) || a.createdAt - b.createdAt);
}

function figures({ expected, lost, duplicated, outOfOrder, gapMs, resumedMs, moves }: TrialReport): Markup[] {
  const verdict = (count: number) => (count === 0 ? "good" : "bad");
  const ms = (value: number | null) => (value === null ? "–" : duration(value));
  return [
    figure(expected, "deliveries due"),
    figure(lost, "lost", verdict(lost)),
    figure(duplicated, "duplicated", verdict(duplicated)),
    figure(outOfOrder, "out of order", verdict(outOfOrder)),
    figure(ms(gapMs.p50), "gap p50"),
    figure(ms(gapMs.p99), "gap p99"),
    figure(ms(gapMs.max), "gap max"),
    figure(moveCounts(moves), "moves per client, mean / max"),
    ...(resumedMs.max === null ? [] : [figure(ms(resumedMs.max), "all back after")]),
  ];
}

function figure(value: number | string, label: string, kind = ""): Markup {
  const text = typeof value === "number" ? value.toLocaleString("en") : value;
  return html`<div class="figure ${kind}"><b>${text}</b><span>${label}</span></div>`;
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function conditions(report: Report): Markup {
  const { services, stickiness, refused, trials, clientsRan, loadPods, url } = report;
  const where = clientsRan === "inside" ? `${loadPods} pods in the cluster` : "a machine outside the cluster";
  const through = [clientsRan === "inside" && "the Services", url].filter(Boolean).join(" and ");
  const row = (label: string, value: Markup | string) =>
    html`<tr>
      <th>${label}</th>
      <td>${value}</td>
    </tr>`;
  return html`<section class="card">
    <h2>Under what conditions</h2>
    <table>
      ${row("Services", html`${services.map(({ name, replicas, image }) => html`${name}, ${replicas} replicas, <code>${image}</code><br />`)}`)}
      ${row("Clients", `${report.clients} that resume, ${report.plainClients} that only reconnect, in ${where}, through ${through}`)}
      ${row("Messages", `${report.messagesPerSecond} a second in ${report.rooms} rooms`)}
      ${row("Met their old pod while it was ready", `by client IP ${percent(stickiness.clientIp)}, by cookie ${percent(stickiness.cookie)}`)}
      ${row("Upgrades refused", counts(refused))}
      ${trials.map(({ name, closeCodes }) => row(`Sockets closed: ${name}`, counts(closeCodes)))}
      ${trials.map(({ name, resyncs }) => row(`Told that history is lost: ${name}`, String(resyncs)))}
      ${trials.map(({ name, ownDelayMs }) => row(`Clients' own delay: ${name}`, `${ownDelayMs.p50 ?? "–"} / ${ownDelayMs.p99 ?? "–"} / ${ownDelayMs.max ?? "–"} ms (p50 / p99 / max)`))}
    </table>
  </section>`;
}
