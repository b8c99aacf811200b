import { Redis } from "ioredis";
import { GroupCommit } from "../../../app/server/store/group-commit";
import { keyInSlotOf, slotOf } from "../../../app/server/store/data-set";
import { roomKeys } from "../../../app/server/store/keys";
import { pageBytes, pageSize, RoomStore } from "../../../app/server/store/room-store";
import { startRedis, type RedisServer } from "../../../ops/redis/server";

/** Limits in bytes of what rooms store in Redis, and of what one read returns. */
describe("a room in Redis", () => {
  let redis: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    redis = await startRedis({ appendonly: true });
    client = new Redis(redis.url, { retryStrategy: () => 20 });
    client.on("error", () => undefined);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });
  beforeEach(() => client.flushall());

  const historyBytes = 1_048_576;
  const store = (ttlSeconds = 60) =>
    new RoomStore(client, new GroupCommit(client, "memory", 1_000), {
      HISTORY_SIZE: 1_000,
      HISTORY_BYTES: historyBytes,
      HISTORY_TTL_SECONDS: ttlSeconds,
      SESSION_TTL_SECONDS: ttlSeconds,
      REDIS_TIMEOUT_MS: 10_000,
    });
  const room = roomKeys("messaging-service", "a");
  const fill = async (sizes: readonly number[]) => {
    for (const [index, size] of sizes.entries()) {
      await store().publish(room, "ada", index + 1, "x".repeat(size));
    }
  };

  it("has no key while it is only read", async () => {
    const page = await store().read(room, { count: pageSize, history: 10 });
    await store().read(room, { count: pageSize, position: { epoch: page.epoch, offset: 0 }, proof: true });
    await store().markRead(room, { epoch: page.epoch, offset: 0 });
    expect(page.epoch).toMatch(/^~/);
    expect(page).toMatchObject({ top: 0, base: 0, recovered: false, messages: [] });
    expect(await client.keys("*")).toEqual(["ws:data"]);
  });

  it("brings a client that knew it empty everything from its first message on", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    await fill([10, 10]);
    for (const proof of [false, true]) {
      const page = await store().read(room, { count: pageSize, position: { epoch, offset: 0 }, proof });
      expect(page).toMatchObject({ top: 2, base: 0, recovered: true });
      expect(page.messages.map(({ offset }) => offset)).toEqual([1, 2]);
    }
  });

  it("keeps the epoch under which its publisher knew it empty, unless it was deleted since", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    const [first] = await store().publishAll(room, "ada", [{ id: 1, body: "x" }], epoch);
    expect(first?.epoch).toBe(epoch);
    await client.flushall();
    // A client that has received a message of it no longer sends that name.
    const [second] = await store().publishAll(room, "ada", [{ id: 2, body: "x" }]);
    expect(second).toMatchObject({ offset: 1 });
    expect(second?.epoch).not.toBe(epoch);
    const page = await store().read(room, { count: 0, position: { epoch, offset: 1 }, proof: true });
    expect(page.recovered).toBe(false);
  });

  it("recovers a client that has passed over the sync of its first message", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    await fill([10, 10]);
    const page = await store().read(room, { count: pageSize, position: { epoch, offset: 1 } });
    expect(page).toMatchObject({ base: 1, recovered: true, messages: [{ offset: 2 }] });
  });

  it("takes no epoch of another process", async () => {
    const [first] = await store().publishAll(room, "ada", [{ id: 1, body: "x" }], "~set.000000000000.1");
    expect(first?.epoch).not.toContain("~");
  });

  it("stays the same empty room for every reader", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    const again = await store().read(room, { count: 0, position: { epoch, offset: 0 } });
    expect(again).toMatchObject({ epoch, recovered: true });
  });

  it("does not recover a client that was away for longer than history is kept", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    const [set, run, quarter] = epoch.split(".");
    await fill([10]);
    const position = { epoch: `${set}.${run}.${Number(quarter) - 4}`, offset: 0 };
    expect(await store().read(room, { count: 0, position })).toMatchObject({ recovered: false, base: 1 });
    // A pod that has listened all the time has missed nothing.
    expect(await store().read(room, { count: 0, position, proof: true })).toMatchObject({ recovered: true });
  });

  it("informs a client that knew it empty when Redis has lost everything since", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    await fill([10, 10]);
    await redis.restart({ data: "lost" });
    for (const proof of [false, true]) {
      const position = { epoch, offset: 0 };
      expect(await store().read(room, { count: 0, position, proof })).toMatchObject({ recovered: false });
    }
  });

  it("is as empty as before when Redis comes back with everything", async () => {
    const { epoch } = await store().read(room, { count: 0 });
    await redis.restart({ data: "kept" });
    const position = { epoch, offset: 0 };
    expect(await store().read(room, { count: 0, position })).toMatchObject({ recovered: true });
    await store().publishAll(room, "ada", [{ id: 1, body: "x" }], epoch);
    const page = await store().read(room, { count: 1, position });
    expect(page).toMatchObject({ recovered: true, base: 0, messages: [{ offset: 1 }] });
    // The name may stand for something that the previous process has lost.
    expect(page.epoch).not.toBe(epoch);
  });

  it("has the state that `read` returns, for many at once, and its history's TTL is renewed", async () => {
    const rooms = ["a", "b", "c"].map((name) => roomKeys("messaging-service", name));
    const one = store();
    await one.read(room, { count: 0 }); // creates the name of the data set
    const { epoch } = await one.publish(room, "ada", 1, "x");
    await client.pexpire(room.stream, 1_000);
    const [first, ...empty] = await Promise.all(rooms.map((keys) => one.readState(keys)));
    expect(first).toEqual({ epoch, top: 1, acknowledged: 0 });
    for (const [index, state] of empty.entries()) {
      const page = await one.read(rooms[index + 1] ?? room, { count: 0 });
      expect(state).toEqual({ epoch: page.epoch, top: 0, acknowledged: 0 });
    }
    expect(await client.pttl(room.stream)).toBeGreaterThan(50_000);
    await one.markRead(room, { epoch, offset: 1 });
    expect(await one.readState(room)).toEqual({ epoch, top: 1, acknowledged: 1 });
  });

  it("is read, and so has a new epoch, if it is looked at in another process", async () => {
    const { epoch } = await store().publish(room, "ada", 1, "x");
    await redis.restart({ data: "kept" });
    const state = await store().readState(room);
    expect(state.top).toBe(1);
    expect(state.epoch).not.toBe(epoch);
  });

  it("has the name of its data in its own slot of a Cluster", () => {
    for (const { stream } of ["a", "b", "c"].map((name) => roomKeys("messaging-service", name))) {
      expect(slotOf(keyInSlotOf(stream))).toBe(slotOf(stream));
    }
  });

  it.each([
    ["large messages", Array<number>(64).fill(60_000), 1],
    ["middling messages", Array<number>(64).fill(9_000), 7],
    ["small messages behind a large one", [60_000, ...Array<number>(300).fill(20)], pageSize],
    ["one message larger than a page", [200_000, 10], 1],
  ])("is read in pages of at most 64 KiB: %s", async (_title, sizes, first) => {
    await fill(sizes);
    const pages: number[] = [];
    const offsets: number[] = [];
    for (
      let position = await store()
        .read(room, { count: 0 })
        .then(({ epoch }) => ({ epoch, offset: 0 }));
      ;
    ) {
      // Trimmed messages do not matter: the position moves to the start of the history.
      const page = await store().read(room, { count: pageSize, position, history: 1_000 });
      if (page.messages.length === 0) break;
      const bytes = page.messages.reduce((sum, { body }) => sum + body.length, 0);
      expect(bytes <= pageBytes || page.messages.length === 1).toBe(true);
      pages.push(page.messages.length);
      offsets.push(...page.messages.map(({ offset }) => offset));
      position = { epoch: page.epoch, offset: page.messages.at(-1)?.offset ?? 0 };
    }
    expect(pages[0]).toBe(first);
    const oldest = offsets[0] ?? 0;
    expect(offsets).toEqual(Array.from({ length: sizes.length - oldest + 1 }, (_, i) => oldest + i));
  });

  it("keeps its newest messages within HISTORY_BYTES, however large they are", async () => {
    await fill(Array<number>(200).fill(60_000));
    const entries = await client.xrange(room.stream, "-", "+");
    const bytes = entries.reduce((sum, [, [, body]]) => sum + (body?.length ?? 0), 0);
    expect(bytes).toBeLessThanOrEqual(historyBytes);
    expect(bytes).toBeGreaterThan(historyBytes / 2);
    expect(entries.at(-1)?.[0]).toBe("200-0");
  });

  it("keeps the newest message even if it alone is larger", async () => {
    await fill([10, 10, 2 * historyBytes]);
    expect((await client.xrange(room.stream, "-", "+")).map(([id]) => id)).toEqual(["3-0"]);
  });

  it("loses none of many small messages to the limit in bytes, although they add up to more than it", async () => {
    const messages = Array.from({ length: 250 }, (_, i) => i);
    for (let round = 0; round < 24; round++) {
      await store().publishAll(
        room,
        "ada",
        messages.map((i) => ({ id: round * 250 + i + 1, body: "x".repeat(200) })),
      );
    }
    expect(await client.xlen(room.stream)).toBeGreaterThanOrEqual(1_000);
  });
});
