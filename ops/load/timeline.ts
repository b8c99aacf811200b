import type { Journal } from "./journal";
import type { Window } from "./verdict";

/** The counts of one interval. */
export interface Bucket {
  /** The beginning of the interval; milliseconds since the epoch. */
  readonly at: number;
  /** Messages published in the interval. */
  readonly published: number;
  /** Messages that arrived in the interval, at each client. */
  readonly delivered: number;
  /** The longest delivery time of the messages that arrived in the interval, in milliseconds; null if none arrived. */
  readonly slowestMs: number | null;
}

/** Divides a window into intervals of equal length, each with the messages that were published and that arrived in it. */
export function timeline(journal: Journal, { from, to }: Window, bucketMs: number): Bucket[] {
  const count = Math.max(0, Math.ceil((to - from) / bucketMs));
  const buckets = Array.from({ length: count }, (_, index) => ({
    at: from + index * bucketMs,
    published: 0,
    delivered: 0,
    slowestMs: null as number | null,
  }));
  const bucketOf = (at: number) => buckets[Math.floor((at - from) / bucketMs)];
  const publishedAt = new Map(journal.published.map(({ id, at }) => [id, at]));
  for (const { at } of journal.published) {
    const bucket = bucketOf(at);
    if (bucket !== undefined) bucket.published++;
  }
  for (const { id, at } of journal.clients.flatMap(({ arrivals }) => arrivals)) {
    const bucket = bucketOf(at);
    const sentAt = publishedAt.get(id);
    if (bucket === undefined || sentAt === undefined) continue;
    bucket.delivered++;
    bucket.slowestMs = Math.max(bucket.slowestMs ?? 0, Math.round((at - sentAt) * 10) / 10);
  }
  return buckets;
}

/** Merges the intervals of several loads, which begin at about the same times. */
export function mergeTimelines(timelines: readonly (readonly Bucket[])[]): Bucket[] {
  const length = Math.max(0, ...timelines.map((timeline) => timeline.length));
  return Array.from({ length }, (_, index) => {
    const parts = timelines.flatMap((timeline) => timeline[index] ?? []);
    const slowest = parts.flatMap(({ slowestMs }) => slowestMs ?? []);
    return {
      at: Math.min(...parts.map(({ at }) => at)),
      published: parts.reduce((sum, part) => sum + part.published, 0),
      delivered: parts.reduce((sum, part) => sum + part.delivered, 0),
      slowestMs: slowest.length === 0 ? null : Math.max(...slowest),
    };
  });
}
