import { styleText } from "node:util";
import Table from "cli-table3";
import type { PodPhase, PodStatus, ServiceStatus, Status } from "./status";

export interface ViewOptions {
  readonly stack: string;
  readonly namespace: string;
  readonly context: string;
  readonly colours: boolean;
}

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<PodPhase, Style>> = {
  serving: "green",
  starting: "cyan",
  "not ready": "red",
  leaving: "yellow",
  "moving clients": "yellow",
  gone: "gray",
};

/** Of the bar that shows a pod's share of its service's sockets. */
const barWidth = 24;

/** A status for a terminal: a table a service, a row a pod. */
export function viewOf(status: Status, { stack, namespace, context, colours }: ViewOptions): string {
  const paint = (style: Style, text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const head = `Stack ${stack} in namespace ${namespace} of ${context} at ${status.at.slice(11, 19)} UTC: ${status.sockets} sockets`;
  return [
    head,
    ...status.services.flatMap((service) => ["", serviceLine(service), podTable(service, paint)]),
  ].join("\n");
}

function serviceLine({ name, wanted, ready, updated, sockets, rates, pods }: ServiceStatus): string {
  if (wanted === undefined) return `${name}: not deployed`;
  const drains = pods.filter(({ drain }) => drain !== undefined).length;
  return [
    `${name}: ${ready} of ${wanted} ready, ${sockets} sockets`,
    ...(rates === undefined
      ? []
      : [
          `${rate(rates.opened)} opened/s (${rate(rates.returned)} came back), ${rate(rates.closed)} closed/s`,
        ]),
    ...(updated < wanted ? [`rollout: ${updated} of ${wanted} are new`] : []),
    ...(drains === 0 ? [] : [`${drains} ${drains === 1 ? "drain" : "drains"} under way`]),
  ].join("; ");
}

function podTable({ pods }: ServiceStatus, paint: (style: Style, text: string) => string): string {
  const table = new Table({
    head: ["pod", "node", "state", "sockets", "", "age", "its end"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "left", "left", "right", "left", "right", "left"],
  });
  const most = Math.max(1, ...pods.map(({ sockets = 0 }) => sockets));
  for (const pod of pods) {
    table.push([
      pod.name,
      pod.node ?? "",
      paint(styles[pod.phase], pod.phase),
      pod.sockets ?? "?",
      (pod.sockets === undefined ? (pod.silent ?? "") : bar(pod.sockets / most))
        .slice(0, barWidth)
        .padEnd(barWidth),
      pod.ageSeconds === undefined ? "" : duration(pod.ageSeconds),
      endOf(pod),
    ]);
  }
  return table.toString();
}

function endOf({ drain, sockets }: PodStatus): string {
  if (drain === undefined) return "";
  const moved =
    drain.clients === undefined || sockets === undefined
      ? ""
      : `${drain.clients - sockets} of ${drain.clients} moved, `;
  return `${moved}${Math.round(drain.elapsedSeconds)} s gone, ${Math.round(drain.graceLeftSeconds)} s left`;
}

function bar(share: number): string {
  return "█".repeat(Math.round(share * barWidth));
}

function rate(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
