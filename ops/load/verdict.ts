import { groupBy } from "./group-by";
import type { ClientRecord, Journal, Published } from "./journal";
import { percentile } from "./percentile";

/** Milliseconds, rounded to a tenth; null if nothing was measured. */
export interface Spread {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** The outcome of the messages. */
export interface Verdict {
  /** Messages published. */
  readonly sent: number;
  /** The number of deliveries that are due: each message to each client of its room. */
  readonly expected: number;
  /** The number of due deliveries that happened, each counted once. */
  readonly delivered: number;
  readonly lost: number;
  /** The number of deliveries after the first. */
  readonly duplicated: number;
  /** The number of first deliveries that came after a later message of the same publisher. */
  readonly outOfOrder: number;
  /** Over all clients: the longest time from a publish to the delivery to this client. */
  readonly gapMs: Spread;
}

/** A time interval in milliseconds since the epoch; the end does not belong to it. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * Evaluates the messages of a journal that were published in a window, however late they arrived. Default: all messages. Every
 * client must have been in its room before the first message was published.
 */
export function judge(journal: Journal, window?: Window): Verdict {
  return verdictOf(statisticsFor(journal, window));
}

/** The outcome of each client's messages: enough for a verdict over several loads. */
export interface DeliveryStatistics {
  /** Messages published. */
  readonly sent: number;
  /** One outcome for each client. */
  readonly outcomes: readonly Outcome[];
}

/** Follows the messages that were published in a window to every client, however late they arrived. Default: all messages. */
export function statisticsFor(
  journal: Journal,
  window: Window = { from: 0, to: Infinity },
): DeliveryStatistics {
  const published = journal.published.filter(({ at }) => at >= window.from && at < window.to);
  const byId = new Map(published.map((message) => [message.id, message]));
  const perRoom = groupBy(published, ({ room }) => room);
  const outcomes = journal.clients.map((client) => ({
    expected: perRoom.get(client.room)?.length ?? 0,
    ...outcomeOf(client, byId),
  }));
  return { sent: published.length, outcomes };
}

/** Sums the statistics. */
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

/** The outcome of one client. */
export interface Outcome {
  readonly expected: number;
  readonly delivered: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** The longest delivery time of a message to this client; undefined if none arrived. */
  readonly longestMs: number | undefined;
}

function outcomeOf(
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
