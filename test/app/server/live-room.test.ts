import { LiveRoom } from "../../../app/server/rooms/live-room";
import type { RoomMember } from "../../../app/server/rooms/room-member";
import type { HistoryPage } from "../../../app/server/store/room-records";
import type { RoomStore } from "../../../app/server/store/room-store";

const keys = { stream: "s", meta: "m", present: "p", publisher: () => "x" };

/** A page with which a test answers a read. */
function page(epoch: string, top: number, messages: readonly number[] = []): HistoryPage {
  return {
    epoch,
    top,
    recovered: true,
    base: messages[0] === undefined ? top : messages[0] - 1,
    messages: messages.map((offset) => ({ offset, body: `"body":${offset}}` })),
  };
}

/** A message, as it arrives on the room's channel. */
const live = (epoch: string, offset: number) =>
  Buffer.from(`${epoch} ${offset} "from":"x","data":${offset}}`);

/** A member that records the newest offset of each write. */
function newMember() {
  const delivered: number[] = [];
  const member: RoomMember = {
    position: 0,
    live: false,
    deliver: (_frames, last) => delivered.push(last),
    sync: () => undefined,
    replay: (_frames, last) => delivered.push(last),
    takeTurn: () => Promise.resolve(() => undefined),
  };
  return { member, delivered };
}

/** A room whose reads wait for the test's answer, and one member that records the newest offset. */
async function openRoom() {
  const reads: ((page: HistoryPage) => void)[] = [];
  const read = () => new Promise<HistoryPage>((resolve) => reads.push(resolve));
  const store = { read, readState: read };
  const answer = async (given: HistoryPage) => {
    reads.shift()?.(given);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  };
  const room = new LiveRoom("lobby", keys, store as unknown as RoomStore, () => Promise.resolve());
  await new Promise((resolve) => setImmediate(resolve));
  await answer(page("e1", 3));
  const { member, delivered } = newMember();
  await room.join(member, {});
  const untilDelivered = async (last: number) => {
    while (delivered.at(-1) !== last) await new Promise((resolve) => setImmediate(resolve));
  };
  return { room, reads, answer, delivered, untilDelivered };
}

describe("LiveRoom", () => {
  it("reads once more when the first message of a new epoch overtakes a read that does not know of it", async () => {
    const { room, reads, answer, delivered, untilDelivered } = await openRoom();
    void room.fill();
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toHaveLength(1);
    room.receive(live("e2", 4));
    await answer(page("e1", 3));
    expect(reads).toHaveLength(1);
    await answer(page("e2", 4, [4]));
    expect(reads).toHaveLength(0);
    await untilDelivered(4);
    expect(delivered).toEqual([4]);
    room.close();
  });

  it("reads once if nothing came meanwhile", async () => {
    const { room, reads, answer, delivered, untilDelivered } = await openRoom();
    const filled = room.fill();
    await new Promise((resolve) => setImmediate(resolve));
    await answer(page("e1", 5, [4, 5]));
    await filled;
    expect(reads).toHaveLength(0);
    await untilDelivered(5);
    expect(delivered).toEqual([5]);
    room.close();
  });

  it("writes two messages at once, and what follows within 5 ms together", async () => {
    const { room, delivered } = await openRoom();
    jest.useFakeTimers();
    try {
      room.receive(live("e1", 4));
      jest.advanceTimersByTime(0);
      expect(delivered).toEqual([4]);
      room.receive(live("e1", 5));
      jest.advanceTimersByTime(0);
      expect(delivered).toEqual([4, 5]);
      room.receive(live("e1", 6));
      jest.advanceTimersByTime(3);
      room.receive(live("e1", 7));
      jest.advanceTimersByTime(1);
      expect(delivered).toEqual([4, 5]);
      jest.advanceTimersByTime(1);
      expect(delivered).toEqual([4, 5, 7]);
      room.receive(live("e1", 8));
      jest.advanceTimersByTime(4);
      expect(delivered).toEqual([4, 5, 7]);
      jest.advanceTimersByTime(20);
      expect(delivered).toEqual([4, 5, 7, 8]);
    } finally {
      jest.useRealTimers();
      room.close();
    }
  });

  describe("with 1,000 members", () => {
    async function openLarge() {
      const { room } = await openRoom();
      const all = Array.from({ length: 1_000 }, newMember);
      for (const { member } of all) await room.join(member, {});
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      const written = () => all.filter(({ delivered }) => delivered.length > 0).length;
      return { room, members: all, turn, written };
    }

    it("lets the pod's other sockets have their turn while it writes a message", async () => {
      const { room, turn, written } = await openLarge();
      room.receive(live("e1", 4));
      let turns = 0;
      let before = 0;
      while (written() < 1_000) {
        await turn();
        expect(written() - before).toBeLessThanOrEqual(256);
        before = written();
        turns += 1;
      }
      expect(turns).toBeGreaterThanOrEqual(4);
      room.close();
    });

    it("writes each message once and in order while members join and leave", async () => {
      const { room, members, turn, written } = await openLarge();
      room.receive(live("e1", 4));
      while (written() === 0) await turn();
      expect(written()).toBeLessThan(1_000);
      const [first, last] = [members.at(0), members.at(-1)];
      if (last) room.leave(last.member);
      const late = newMember();
      await room.join(late.member, {});
      expect(late.member.position).toBe(4);
      room.receive(live("e1", 5));
      room.receive(live("e1", 6));
      while (late.delivered.length === 0 || written() < 999) await turn();
      expect(late.delivered).toEqual([6]);
      expect(first?.delivered).toEqual([4, 6]);
      expect(members.at(-2)?.delivered).toEqual([4, 6]);
      expect(last?.delivered).toEqual([]);
      room.close();
    });

    it("has written everything of an epoch before it announces the next one", async () => {
      const { room, reads, answer } = await openRoom();
      const events: string[] = [];
      for (let i = 0; i < 1_000; i++) {
        const { member } = newMember();
        member.deliver = (_frames, offset) => events.push(`deliver ${offset}`);
        await room.join(member, {});
        member.sync = ({ epoch }) => events.push(`sync ${epoch}`);
      }
      room.receive(live("e1", 4));
      void room.fill();
      await new Promise((resolve) => setImmediate(resolve));
      expect(reads).toHaveLength(1);
      await answer({ ...page("e2", 9), recovered: false });
      expect(events.filter((event) => event === "deliver 4")).toHaveLength(1_000);
      expect(events.lastIndexOf("deliver 4")).toBeLessThan(events.indexOf("sync e2"));
      expect(events.filter((event) => event === "sync e2")).toHaveLength(1_000);
      room.close();
    });
  });
});
