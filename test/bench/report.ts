import Table from "cli-table3";
import { groupBy } from "../../ops/load/group-by";
import { percentile } from "../../ops/load/percentile";
import type { Figure } from "./workloads";

/** A figure of one peer in one round. */
export interface Measurement extends Figure {
  readonly peer: string;
}

/** One line of the table. */
export interface Row {
  readonly work: string;
  readonly measured: string;
  /** By peer, the median over the rounds; null if the peer has no value. */
  readonly values: Readonly<Record<string, number | null>>;
  /** By peer, the value divided by that of the baseline; null if one of them has no value. */
  readonly ratios: Readonly<Record<string, number | null>>;
}

/** Puts the measurements of all rounds into rows, in their order. Figures that no peer has are skipped. */
export function rowsOf(
  measurements: readonly Measurement[],
  peers: readonly string[],
  baseline: string,
): Row[] {
  const groups = groupBy(measurements, ({ work, measured }) => `${work}: ${measured}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.every(({ value }) => value === null)) return [];
    const values = byPeer(peers, (peer) => median(group.filter((each) => each.peer === peer)));
    const base = values[baseline] ?? null;
    const ratios = byPeer(peers, (peer) => ratio(values[peer] ?? null, base));
    return [{ work: first.work, measured: first.measured, values, ratios }];
  });
}

/** The table as text: a column for each peer, followed by its ratio to the baseline if the baseline was measured. */
export function tableOf(rows: readonly Row[], peers: readonly string[], baseline: string): string {
  const hasRatio = (peer: string) => peer !== baseline && peers.includes(baseline);
  const heads = peers.flatMap((peer) => (hasRatio(peer) ? [peer, `/ ${baseline}`] : [peer]));
  const table = new Table({
    head: ["work", "measured", ...heads],
    style: { head: [], border: [] },
    // No lines between the rows.
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  let before = "";
  for (const { work, measured, values, ratios } of rows) {
    const cells = peers.flatMap((peer) => {
      const value = figure(values[peer] ?? null);
      return hasRatio(peer) ? [value, figure(ratios[peer] ?? null)] : [value];
    });
    table.push([work === before ? "" : work, measured, ...cells]);
    before = work;
  }
  return table.toString();
}

function byPeer(
  peers: readonly string[],
  value: (peer: string) => number | null,
): Record<string, number | null> {
  return Object.fromEntries(peers.map((peer) => [peer, value(peer)]));
}

function median(measurements: readonly Measurement[]): number | null {
  return percentile(
    measurements.flatMap(({ value }) => value ?? []),
    0.5,
  );
}

function ratio(value: number | null, base: number | null): number | null {
  return value === null || base === null || base === 0 ? null : value / base;
}

/** At least three significant digits. */
function figure(value: number | null): string {
  if (value === null) return "–";
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}
