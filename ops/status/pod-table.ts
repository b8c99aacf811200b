import type { PodPhase, PodStatus, ServiceStatus } from "./status";
import type { Paint, Style } from "../terminal/paint";
import { cut } from "./text";

const styles: Readonly<Record<PodPhase, Style>> = {
  serving: "green",
  starting: "cyan",
  "not ready": "red",
  leaving: "yellow",
  "moving clients": "yellow",
  gone: "gray",
};

/** How much of a pod a line shows. */
interface Shape {
  /** Whole names can be copied; short ones leave out the service's name, which is in the line above. */
  readonly names: "whole" | "short";
  readonly node: boolean;
  /** The width of the bar for a pod's sockets in relation to the fullest pod of its service; 0: no bar. */
  readonly bar: number;
  /** The column for a pod's end. It is also there while no pod ends, so that nothing moves when one does. */
  readonly end: "long" | "short";
}

const narrowest: Shape = { names: "short", node: false, bar: 0, end: "short" };
/** The shapes, those with most details first. */
const shapes: readonly Shape[] = [
  { names: "whole", node: true, bar: 24, end: "long" },
  { names: "whole", node: true, bar: 12, end: "short" },
  { names: "short", node: true, bar: 24, end: "short" },
  { names: "short", node: true, bar: 6, end: "short" },
  { names: "short", node: false, bar: 6, end: "short" },
  narrowest,
];

const stateWidths = { long: "moving clients".length, short: "not ready".length } as const;
const endWidths = {
  long: "100 of 100 moved, 45 s gone, 10 s left".length,
  short: "100/100, 10 s left".length,
} as const;
const gap = "  ";

interface Cell {
  readonly text: string;
  readonly width: number;
  readonly right?: boolean | undefined;
  readonly style?: Style;
}

export interface TableOptions {
  readonly columns: number;
  /** The most pods of a service to show. */
  readonly limit: number;
  readonly paint: Paint;
}

/** The lines of one table for each service, all with the same columns: the shape with most details that fits. */
export function podTable(
  services: readonly ServiceStatus[],
  { columns, limit, paint }: TableOptions,
): string[][] {
  const shape = shapes.find((each) => widthOf(services, each) <= columns) ?? narrowest;
  const heads = headCells(services, shape);
  const line = (cells: readonly Cell[]) => layOut(cells, columns, paint);
  return services.map((service) => {
    if (service.pods.length === 0) return [];
    const shown = chosen(service.pods, limit);
    const hidden = service.pods.filter((pod) => !shown.includes(pod));
    const most = Math.max(1, ...service.pods.map(({ sockets = 0 }) => sockets));
    return [
      line(heads),
      ...shown.map((pod) => {
        const texts = podTexts(pod, service, shape, most);
        return line(heads.map(({ width, right }, index) => ({ text: "", ...texts[index], width, right })));
      }),
      ...(hidden.length === 0 ? [] : [paint("gray", cut(`${gap}${rest(hidden)}`, columns))]),
    ];
  });
}

/** Pods with activity first, then those with most sockets; shown in their original order. */
function chosen(pods: readonly PodStatus[], limit: number): PodStatus[] {
  const busy = ({ phase, sockets = 0 }: PodStatus) => (phase === "serving" ? sockets : Infinity);
  const first = [...pods]
    .sort((a, b) => (busy(b) > busy(a) ? 1 : busy(b) < busy(a) ? -1 : 0))
    .slice(0, limit);
  return pods.filter((pod) => first.includes(pod));
}

function rest(pods: readonly PodStatus[]): string {
  const sockets = pods.reduce((sum, pod) => sum + (pod.sockets ?? 0), 0);
  return `and ${pods.length} more with ${sockets} sockets; a taller window shows them`;
}

function widthOf(services: readonly ServiceStatus[], shape: Shape): number {
  const cells = headCells(services, shape);
  return cells.reduce((sum, { width }) => sum + width, 0) + (cells.length - 1) * gap.length;
}

function headCells(services: readonly ServiceStatus[], { names, node, bar, end }: Shape): Cell[] {
  const all = services.flatMap((service) => service.pods.map((pod) => ({ service, pod })));
  const longest = (texts: readonly string[]) => Math.max(4, ...texts.map((text) => text.length));
  const style = "gray";
  return [
    { text: "pod", width: longest(all.map(({ service, pod }) => nameOf(pod, service, names))), style },
    ...(node ? [{ text: "node", width: longest(all.map(({ pod }) => pod.node ?? "")), style } as const] : []),
    { text: "state", width: stateWidths[end], style },
    { text: "sockets", width: 7, right: true, style },
    ...(bar === 0 ? [] : [{ text: "", width: bar }]),
    { text: "age", width: 6, right: true, style },
    { text: end === "long" ? "its end" : "moved, left", width: endWidths[end], style },
  ];
}

/** One text for each head, in the same order. */
function podTexts(
  pod: PodStatus,
  service: ServiceStatus,
  { names, node, bar, end }: Shape,
  most: number,
): Pick<Cell, "text" | "style">[] {
  const { phase, sockets, silent, ageSeconds } = pod;
  return [
    { text: nameOf(pod, service, names) },
    ...(node ? [{ text: pod.node ?? "" }] : []),
    { text: end === "short" && phase === "moving clients" ? "moving" : phase, style: styles[phase] },
    // A pod that does not run yet shows nothing; a pod that runs and does not answer shows a question mark.
    { text: String(sockets ?? (silent === undefined ? "" : "?")) },
    ...(bar === 0 ? [] : [{ text: "█".repeat(Math.round(((sockets ?? 0) / most) * bar)) }]),
    { text: ageSeconds === undefined ? "" : duration(ageSeconds) },
    { text: pod.drain === undefined ? (silent ?? "") : endOf(pod, end) },
  ];
}

function nameOf({ name }: PodStatus, service: ServiceStatus, names: Shape["names"]): string {
  const prefix = `${service.name}-`;
  return names === "short" && name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function layOut(cells: readonly Cell[], columns: number, paint: Paint): string {
  let left = columns;
  const painted = cells.map(({ text, width, right, style }, index) => {
    const lead = index === 0 ? "" : gap;
    const fitted = cut(text, width);
    const padded = cut(lead + (right === true ? fitted.padStart(width) : fitted.padEnd(width)), left);
    left -= padded.length;
    return style === undefined ? padded : paint(style, padded);
  });
  return painted.join("").trimEnd();
}

function endOf({ drain, sockets }: PodStatus, form: Shape["end"]): string {
  if (drain === undefined) return "";
  const left = `${Math.round(drain.graceLeftSeconds)} s left`;
  const { clients } = drain;
  const moved = clients === undefined || sockets === undefined ? undefined : clients - sockets;
  if (form === "short") return moved === undefined ? left : `${moved}/${clients}, ${left}`;
  const gone = `${Math.round(drain.elapsedSeconds)} s gone, ${left}`;
  return moved === undefined ? gone : `${moved} of ${clients} moved, ${gone}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
