import { LiveRoom, type RoomMember } from "../../../app/server/rooms/live-room";
import type { HistoryPage, RoomStore } from "../../../app/server/store/room-store";

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

/** A room whose reads wait for the test's answer, and one member that records the newest offset. */
async function openRoom() {
  const reads: ((page: HistoryPage) => void)[] = [];
  const read = () => new Promise<HistoryPage>((resolve) => reads.push(resolve));
  const store = { read, look: read };
  const answer = async (given: HistoryPage) => {
    reads.shift()?.(given);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  };
  const room = new LiveRoom("lobby", keys, store as unknown as RoomStore, () => Promise.resolve());
  await new Promise((resolve) => setImmediate(resolve));
  await answer(page("e1", 3));
  const delivered: number[] = [];
  const member: RoomMember = {
    position: 0,
    live: false,
    deliver: (_frames, last) => delivered.push(last),
    sync: () => undefined,
    replay: (_frames, last) => delivered.push(last),
    takeTurn: () => Promise.resolve(() => undefined),
  };
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
});
