/** The records of clients, publishers and Redis about a room, and the delivery guarantee that they must meet. Pure. */

/** One event of a room, in the order in which a client saw it. */
export type Observation =
  /** The client is in the room after this position; only at the beginning. */
  | { readonly kind: "joined"; readonly epoch: string; readonly offset: number }
  | { readonly kind: "message"; readonly epoch: string; readonly offset: number; readonly data: string }
  /** The client was told that history was lost, and continues after this position. */
  | { readonly kind: "resynced"; readonly epoch: string; readonly offset: number };

/** What one client saw from a join to the leave, or to the end. */
export interface View {
  readonly client: string;
  readonly room: string;
  readonly observations: readonly Observation[];
  /** The client's own position at the end; undefined if it has left. */
  readonly end: Position | undefined;
}

/** An acknowledged publish. Its data has publisher and number: `<publisher>#<number>`. */
export interface Acknowledged {
  readonly room: string;
  readonly data: string;
  readonly offset: number;
  /** Redis has lost data since it was published, so it may be lost. */
  readonly mayBeLost: boolean;
}

/** A room as Redis stores it at the end. */
export interface Stored {
  readonly room: string;
  readonly epoch: string;
  readonly top: number;
  readonly entries: readonly { readonly offset: number; readonly data: string }[];
}

export interface SentLog {
  readonly views: readonly View[];
  readonly acknowledged: readonly Acknowledged[];
  readonly stored: readonly Stored[];
  /** Redis trimmed nothing and lost nothing: then no client may be told of a loss. */
  readonly complete: boolean;
  /**
   * Redis lost nothing: then a publisher's order holds. If it lost the first of two messages that one pod had stored, and the
   * client was cut off before it was told, the client repeats the first, which then comes after the second.
   */
  readonly lossless: boolean;
}

interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Every violation of the delivery guarantee as text; empty if there is none. */
export function violations({ views, acknowledged, stored, complete, lossless }: SentLog): string[] {
  const rooms = new Map(stored.map((room) => [room.room, room]));
  return [
    ...stored.flatMap((room) => checkStored(room, lossless)),
    ...acknowledged.flatMap((ack) => checkAcknowledged(ack, rooms.get(ack.room))),
    ...views.flatMap((view) => checkView(view, rooms.get(view.room), complete, lossless)),
    ...checkAgreement(views),
  ];
}

/** The room's own sequence: without gaps, each publish once, each publisher's messages in order. */
function checkStored({ room, top, entries }: Stored, ordered: boolean): string[] {
  const found: string[] = [];
  let expected = top - entries.length + 1;
  for (const { offset } of entries) {
    if (offset !== expected) found.push(`${room}: stored ${offset} where ${expected} was due`);
    expected = offset + 1;
  }
  return [...found, ...checkPublishers(`${room}, as stored`, entries, ordered)];
}

function checkPublishers(
  what: string,
  messages: readonly { offset: number; data: string }[],
  ordered: boolean,
): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const latest = new Map<string, number>();
  for (const { offset, data } of messages) {
    if (seen.has(data)) found.push(`${what}: ${data} is there twice, again at ${offset}`);
    seen.add(data);
    const [publisher = "", number] = data.split("#");
    const before = latest.get(publisher) ?? 0;
    if (ordered && Number(number) < before) {
      found.push(`${what}: ${data} at ${offset} comes behind number ${before}`);
    }
    latest.set(publisher, Math.max(before, Number(number)));
  }
  return found;
}

function checkAcknowledged({ room, data, offset, mayBeLost }: Acknowledged, stored?: Stored): string[] {
  if (mayBeLost || !stored) return mayBeLost ? [] : [`${room}: ${data} was acknowledged, the room is gone`];
  if (offset <= stored.top - stored.entries.length) return []; // trimmed since then
  const there = stored.entries.find((entry) => entry.offset === offset);
  if (there?.data === data) return [];
  return [`${room}: ${data} was acknowledged at ${offset}, where there is ${there?.data ?? "nothing"}`];
}

function checkView(
  { client, room, observations, end }: View,
  stored: Stored | undefined,
  complete: boolean,
  lossless: boolean,
): string[] {
  const who = `${client} in ${room}`;
  const found: string[] = [];
  let segment: Extract<Observation, { kind: "message" }>[] = [];
  let last: Position | undefined;
  const close = () => found.push(...checkPublishers(who, segment, lossless));
  for (const observation of observations) {
    if (observation.kind === "joined") {
      // Nothing from before is due.
    } else if (observation.kind === "resynced") {
      if (complete)
        found.push(
          `${who}: told of a loss at ${observation.epoch}:${observation.offset}, but nothing was lost`,
        );
      close();
      segment = [];
    } else {
      if (last && observation.offset !== last.offset + 1) {
        found.push(`${who}: ${observation.epoch}:${observation.offset} follows ${last.epoch}:${last.offset}`);
      }
      segment.push(observation);
    }
    last = observation;
  }
  close();
  if (!end) return found;
  if (last && last.offset !== end.offset) found.push(`${who}: saw ${last.offset}, claims ${end.offset}`);
  if (!stored) return found;
  if (!isAtTop(end, stored)) {
    found.push(`${who}: stands at ${end.epoch}:${end.offset}, the room at ${stored.epoch}:${stored.top}`);
  }
  // The room must store exactly what was delivered since the last report of a loss.
  const entries = new Map(stored.entries.map(({ offset, data }) => [offset, data]));
  for (const { epoch, offset, data } of segment) {
    const there = entries.get(offset);
    if (there !== undefined && there !== data) {
      found.push(`${who}: was given ${data} at ${epoch}:${offset}, the room holds ${there}`);
    }
  }
  return found;
}

/** One offset of one epoch is one message, for every client. */
function checkAgreement(views: readonly View[]): string[] {
  const found: string[] = [];
  const known = new Map<string, { data: string; client: string }>();
  for (const { client, room, observations } of views) {
    for (const observation of observations) {
      if (observation.kind !== "message") continue;
      const key = `${room} ${observation.epoch}:${observation.offset}`;
      const before = known.get(key);
      if (!before) known.set(key, { data: observation.data, client });
      else if (before.data !== observation.data) {
        found.push(`${key}: ${client} saw ${observation.data}, ${before.client} saw ${before.data}`);
      }
    }
  }
  return found;
}

/** The epoch of a room without a message: Redis stores nothing for it. */
export const emptyRoom = "none";

/** Whether a client is at the end of a room, as it was read. */
export function isAtTop(
  position: Position | undefined,
  { epoch, top }: Pick<Stored, "epoch" | "top">,
): boolean {
  if (epoch === emptyRoom) return position?.offset === 0 && position.epoch.startsWith("~");
  return position?.epoch === epoch && position.offset === top;
}
