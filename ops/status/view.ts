import { painter, type Paint } from "../terminal/paint";
import { podTable } from "./pod-table";
import type { ServiceStatus, Status } from "./status";
import { cut } from "./text";

export interface ViewOptions {
  readonly stack: string;
  readonly namespace: string;
  readonly context: string;
  readonly colours: boolean;
  /** The width of the terminal; default: unlimited. */
  readonly columns?: number;
  /** The height of the terminal in lines; default: unlimited. */
  readonly rows?: number;
}

/**
 * A status for a terminal: one line for each service, and below it one for each pod. Nothing is wider or taller than the
 * terminal.
 */
export function viewOf(status: Status, options: ViewOptions): string {
  const { columns = Infinity, rows = Infinity } = options;
  const paint = painter(options.colours);
  const most = Math.max(1, ...status.services.map(({ pods }) => pods.length));
  // If not all pods fit, each service shows the same number; pods with activity come first.
  for (let limit = most; ; limit--) {
    const lines = arrange(status, { ...options, columns, limit, paint });
    if (lines.length <= rows) return lines.join("\n");
    if (limit === 1)
      return [...lines.slice(0, rows - 1), cut("… a taller window shows more", columns)].join("\n");
  }
}

interface Arrangement extends ViewOptions {
  readonly columns: number;
  /** The most pods of a service to show. */
  readonly limit: number;
  readonly paint: Paint;
}

function arrange(status: Status, arrangement: Arrangement): string[] {
  const { stack, namespace, context, columns, limit, paint } = arrangement;
  const tables = podTable(status.services, { columns, limit, paint });
  return [
    cut(`${status.sockets} sockets at ${status.at.slice(11, 19)} UTC`, columns),
    paint("gray", cut(`stack ${stack} in namespace ${namespace} of ${context}`, columns)),
    ...status.services.flatMap((service, index) => [
      "",
      ...serviceLines(service, columns, paint),
      ...(tables[index] ?? []),
    ]),
  ];
}

/** The lines about a service, wrapped to the terminal. */
function serviceLines(service: ServiceStatus, columns: number, paint: Paint): string[] {
  const [first = "", ...more] = wrap(parts(service), columns);
  const { name } = service;
  const head = first.startsWith(name) ? paint("bold", name) + first.slice(name.length) : first;
  return [head, ...more];
}

function parts({ name, wanted, ready, updated, sockets, skew, rates, pods }: ServiceStatus): string[] {
  if (wanted === undefined) return [`${name}: not deployed`];
  const drains = pods.filter(({ drain }) => drain !== undefined).length;
  return [
    `${name}: ${ready} of ${wanted} ready, ${sockets} sockets`,
    ...(skew === undefined ? [] : [`skew ${skew.toFixed(2)}`]),
    ...(rates === undefined
      ? []
      : [
          `${rate(rates.opened)} opened/s (${rate(rates.returned)} came back), ${rate(rates.closed)} closed/s`,
        ]),
    ...(updated < wanted ? [`rollout: ${updated} of ${wanted} are new`] : []),
    ...(drains === 0 ? [] : [`${drains} ${drains === 1 ? "drain" : "drains"} under way`]),
  ];
}

function wrap(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + piece.length <= columns) {
      lines[lines.length - 1] = `${last}; ${piece}`;
    } else lines.push(cut(last === undefined ? piece : `  ${piece}`, columns));
  }
  return lines;
}

function rate(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}
