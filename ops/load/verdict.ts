import { groupBy } from "./group-by";
import type { ClientRecord, Journal, Published } from "./journal";
import { percentile } from "./percentile";

/** Milliseconds, rounded to a tenth; null where there is nothing to measure. */
export interface Spread {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** What became of the messages. */
export interface Verdict {
  /** Messages published. */
  readonly sent: number;
  /** Deliveries due: each message to each client of its room. */
  readonly expected: number;
  /** Deliveries due that happened, each counted once. */
  readonly delivered: number;
  readonly lost: number;
  /** Deliveries beyond the first. */
  readonly duplicated: number;
  /** First deliveries that came after a later message of the same publisher. */
  readonly outOfOrder: number;
  /** Over all clients: the longest time that any message took from its publish to this client. */
  readonly gapMs: Spread;
}

/** A window of time, milliseconds since the epoch; the end is not part of it. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * Judges what a journal tells of the messages published in a window, however late they arrived; default all.
 * Every client must have been in its room before the first message was published.
 */
export function judge(journal: Journal, window?: Window): Verdict {
  return verdictOf(statisticsFor(journal, window));
}

/** What became of each client's messages: enough to give a verdict over several loads together. */
export interface DeliveryStatistics {
  /** Messages published. */
  readonly sent: number;
  /** One a client. */
  readonly outcomes: readonly Outcome[];
}

/** Follows the messages published in a window, however late they arrived, to every client; default all. */
export function statisticsFor(
  journal: Journal,
  window: Window = { from: 0, to: Infinity },
): DeliveryStatistics {
  const published = journal.published.filter(({ at }) => at >= window.from && at < window.to);
  const byId = new Map(published.map((message) => [message.id, message]));
  const perRoom = groupBy(published, ({ room }) => room);
  const outcomes = journal.clients.map((client) => ({
    expected: perRoom.get(client.room)?.length ?? 0,
    ...fateOf(client, byId),
  }));
  return { sent: published.length, outcomes };
}

/** Sums statistics up. */
export function verdictOf({ sent, outcomes }: DeliveryStatistics): Verdict {
  const total = (of: (outcome: Outcome) => number) => outcomes.reduce((sum, outcome) => sum + of(outcome), 0);
  const expected = total((outcome) => outcome.expected);
  const delivered = total((outcome) => outcome.delivered);
  const gaps = outcomes.flatMap(({ longestMs }) => (longestMs === undefined ? [] : [longestMs]));
  return {
    sent,
    expected,
    delivered,
    lost: expected - delivered,
    duplicated: total((outcome) => outcome.duplicated),
    outOfOrder: total((outcome) => outcome.outOfOrder),
    gapMs: spread(gaps),
  };
}

/** Percentiles of times in milliseconds. */
export function spread(values: readonly number[]): Spread {
  const at = (share: number) => {
    const value = percentile(values, share);
    return value === null ? null : Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** What one client got. */
export interface Outcome {
  readonly expected: number;
  readonly delivered: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** The longest that a message took to it; undefined where none arrived. */
  readonly longestMs: number | undefined;
}

function fateOf(
  { room, arrivals }: ClientRecord,
  byId: ReadonlyMap<string, Published>,
): Omit<Outcome, "expected"> {
  const seen = new Set<string>();
  const latest = new Map<string, number>();
  let duplicated = 0;
  let outOfOrder = 0;
  let longestMs: number | undefined;
  for (const { id, at } of arrivals) {
    const message = byId.get(id);
    if (message?.room !== room) continue;
    if (seen.has(id)) {
      duplicated++;
      continue;
    }
    seen.add(id);
    const { publisher, number } = message;
    const before = latest.get(publisher) ?? 0;
    if (number < before) outOfOrder++;
    latest.set(publisher, Math.max(before, number));
    longestMs = Math.max(longestMs ?? 0, at - message.at);
  }
  return { delivered: seen.size, duplicated, outOfOrder, longestMs };
}
