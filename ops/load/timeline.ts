import type { Journal } from "./journal";
import type { Window } from "./verdict";

/** What happened in one stretch of time. */
export interface Bucket {
  /** When it begins; milliseconds since the epoch. */
  readonly at: number;
  /** Messages published in it. */
  readonly published: number;
  /** Messages that arrived in it, at each client. */
  readonly delivered: number;
  /** The longest that one which arrived in it had been on its way, in milliseconds; null where none did. */
  readonly slowestMs: number | null;
}

/** Cuts a window into stretches of equal length, each with what was published and what arrived in it. */
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

/** Several loads' stretches as one; they begin at the same moments, or nearly. */
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
