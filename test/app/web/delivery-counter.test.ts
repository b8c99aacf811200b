import { DeliveryCounter } from "../../../app/web/delivery-counter";

const spoken = (seq: number, stream = "a") => ({ text: "hi", stream, seq });

describe("the counter", () => {
  it.each([
    [
      "counts nothing where all came in order",
      [
        [5, 1],
        [6, 2],
        [7, 3],
      ],
      { received: 3, lost: 0, duplicated: 0 },
    ],
    [
      "counts an offset that was skipped once, though the stream misses it too",
      [
        [5, 1],
        [8, 4],
      ],
      { received: 2, lost: 2, duplicated: 0 },
    ],
    [
      "counts what was never stored, which offsets cannot show",
      [
        [5, 1],
        [6, 3],
      ],
      { received: 2, lost: 1, duplicated: 0 },
    ],
    [
      "counts what was delivered twice",
      [
        [5, 1],
        [5, 1],
      ],
      { received: 2, lost: 0, duplicated: 1 },
    ],
    [
      "counts what was stored twice, which offsets cannot show",
      [
        [5, 1],
        [6, 1],
      ],
      { received: 2, lost: 0, duplicated: 1 },
    ],
  ] as const)("%s", (_title, messages, expected) => {
    const counter = new DeliveryCounter();
    for (const [offset, seq] of messages) counter.accept({ offset, data: spoken(seq) });
    expect(counter).toMatchObject(expected);
  });

  it("distinguishes streams, and counts other messages by their offset only", () => {
    const counter = new DeliveryCounter();
    counter.accept({ offset: 1, data: spoken(1, "a") });
    counter.accept({ offset: 2, data: spoken(7, "b") });
    counter.accept({ offset: 3, data: "a line of wscat" });
    expect(counter.accept({ offset: 4, data: spoken(2, "a") })).toEqual({ lost: 0, duplicate: false });
    expect(counter.accept({ offset: 6, data: "another" })).toEqual({ lost: 1, duplicate: false });
  });

  it("continues from the client's position after history was lost, and still knows what streams miss", () => {
    const counter = new DeliveryCounter();
    counter.accept({ offset: 90, data: spoken(1) });
    counter.resynced({ epoch: "e2", offset: 0 });
    expect(counter.accept({ offset: 1, data: spoken(4) })).toEqual({ lost: 2, duplicate: false });
  });
});
