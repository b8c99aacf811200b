import { Sequence } from "../../../app/client/sequence";
import type { MessageFrame, Position, SyncFrame } from "../../../app/protocol/frames";

const e1 = (offset: number): Position => ({ epoch: "e1", offset });
const e2 = (offset: number): Position => ({ epoch: "e2", offset });

function sync(position: Position, recovered: boolean): SyncFrame {
  return { type: "sync", room: "lobby", ...position, recovered };
}

function message(offset: number): MessageFrame {
  return { type: "message", room: "lobby", offset, from: "bob", at: 0, data: offset };
}

function at(position: Position): Sequence {
  const sequence = new Sequence(10);
  sequence.sync(sync(position, false), undefined);
  return sequence;
}

const offsets = (messages: readonly MessageFrame[]) => messages.map(({ offset }) => offset);

describe("Sequence#sync", () => {
  it("accepts the first position without an event", () => {
    const sequence = new Sequence(10);
    expect(sequence.sync(sync(e1(7), false), undefined)).toBe("kept");
    expect(sequence.position).toEqual(e1(7));
  });

  // The view is at offset 10 of e1.
  it.each([
    ["resumed where it stands", e1(10), e1(10), true, "kept", e1(10)],
    ["resumed behind, the other socket went on", e1(8), e1(8), true, "kept", e1(10)],
    ["recovered beyond the view", e1(10), e1(12), true, "ask", e1(10)],
    ["history does not reach back", e1(10), e1(15), false, "history", e1(15)],
    ["lost what the other socket has delivered", e1(5), e1(8), false, "kept", e1(10)],
    ["the client was ahead of the top", e1(10), e1(4), false, "history", e1(4)],
    ["the room went back while the other socket went on", e1(8), e1(4), false, "ask", e1(10)],
    ["a first join, sent before the other socket's first sync", undefined, e1(15), false, "ask", e1(10)],
    ["lost at the very position", e1(10), e1(10), false, "history", e1(10)],
    ["a new epoch of the same history", e1(10), e2(10), true, "kept", e2(10)],
    ["a new epoch, vouched for less than was delivered", e1(8), e2(8), true, "ask", e1(10)],
    ["a new epoch with part of the history", e1(10), e2(8), true, "ask", e1(10)],
    ["a new epoch", e1(10), e2(3), false, "epoch", e2(3)],
    ["a new epoch, from a socket that joined without a position", undefined, e2(3), false, "ask", e1(10)],
    ["news of this epoch from a socket that was in another", e2(3), e1(6), false, "kept", e1(10)],
  ] as const)("%s", (_name, since, frame, recovered, result, position) => {
    const sequence = at(e1(10));
    expect(sequence.sync(sync(frame, recovered), since)).toBe(result);
    expect(sequence.position).toEqual(position);
  });
});

describe("Sequence#accept", () => {
  it("delivers the next, drops what was delivered, and drops another epoch's", () => {
    const sequence = at(e1(10));
    expect(offsets(sequence.accept("e1", message(11)).messages)).toEqual([11]);
    expect(sequence.accept("e1", message(11))).toEqual({ messages: [], gap: false });
    expect(sequence.accept("e1", message(3))).toEqual({ messages: [], gap: false });
    expect(sequence.accept("e2", message(12))).toEqual({ messages: [], gap: false });
    expect(sequence.position).toEqual(e1(11));
  });

  it("keeps messages after a gap until the gap is filled", () => {
    const sequence = at(e1(0));
    expect(sequence.accept("e1", message(3))).toEqual({ messages: [], gap: true });
    expect(sequence.accept("e1", message(2))).toEqual({ messages: [], gap: true });
    expect(offsets(sequence.accept("e1", message(1)).messages)).toEqual([1, 2, 3]);
  });

  it("keeps at most its limit", () => {
    const sequence = at(e1(0));
    for (let offset = 2; offset <= 12; offset += 1) sequence.accept("e1", message(offset));
    expect(offsets(sequence.accept("e1", message(1)).messages)).toEqual([1]);
  });
});
