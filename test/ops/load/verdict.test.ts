import { judge } from "../../../ops/load/verdict";
import { client, published } from "./journals";

const three = ["a1", "a2", "a3"].map((id) => published(id));

describe("judge", () => {
  it.each([
    ["all in order", "a1+5 a2+5 a3+5", { delivered: 3, lost: 0, duplicated: 0, outOfOrder: 0 }],
    ["one lost", "a1+5 a3+5", { delivered: 2, lost: 1, duplicated: 0, outOfOrder: 0 }],
    ["all lost", "", { delivered: 0, lost: 3, duplicated: 0, outOfOrder: 0 }],
    ["one twice", "a1+5 a2+5 a2+9 a3+5", { delivered: 3, lost: 0, duplicated: 1, outOfOrder: 0 }],
    [
      "one three times, one lost",
      "a1+5 a2+5 a2+9 a2+10",
      { delivered: 2, lost: 1, duplicated: 2, outOfOrder: 0 },
    ],
    ["two swapped", "a1+5 a3+5 a2+2500", { delivered: 3, lost: 0, duplicated: 0, outOfOrder: 1 }],
    ["the first one last", "a2+5 a3+5 a1+9000", { delivered: 3, lost: 0, duplicated: 0, outOfOrder: 1 }],
    ["reversed", "a3+5 a2+5 a1+5", { delivered: 3, lost: 0, duplicated: 0, outOfOrder: 2 }],
    [
      "an old one again, which is a duplicate and no disorder",
      "a1+5 a2+5 a1+5 a3+5",
      { delivered: 3, lost: 0, duplicated: 1, outOfOrder: 0 },
    ],
    ["what nobody published", "a1+5 a2+5 a3+5 x9+1", { delivered: 3, lost: 0, duplicated: 0, outOfOrder: 0 }],
  ])("reports %s", (_title, arrivals, expected) => {
    expect(judge({ published: three, clients: [client("c", arrivals)] })).toMatchObject({
      sent: 3,
      expected: 3,
      ...expected,
    });
  });

  it("expects no order between publishers", () => {
    const two = ["a1", "b1", "a2"].map((id) => published(id));
    expect(judge({ published: two, clients: [client("c", "a1 a2 b1")] }).outOfOrder).toBe(0);
  });

  it("expects a message at each client of its room and at no other", () => {
    const messages = [published("a1", "r"), published("a2", "r"), published("b1", "s")];
    const clients = [client("c", "a1 a2", "r"), client("d", "a1", "r"), client("e", "b1 a1", "s")];
    expect(judge({ published: messages, clients })).toMatchObject({
      sent: 3,
      expected: 5,
      delivered: 4,
      lost: 1,
    });
  });

  it("takes each client's slowest message, then percentiles over the clients", () => {
    const clients = Array.from({ length: 200 }, (_, index) =>
      client(`c${index}`, `a1+1 a2+${index + 1} a3+0.04`),
    );
    expect(judge({ published: three, clients }).gapMs).toEqual({ p50: 100, p99: 198, max: 200 });
  });

  it("measures no time if nothing arrived", () => {
    expect(judge({ published: three, clients: [client("c", "")] }).gapMs).toEqual({
      p50: null,
      p99: null,
      max: null,
    });
  });

  it("judges only the messages of a window, however late they arrived", () => {
    const journal = { published: three, clients: [client("c", "a1+5 a2+60000 a2+60001")] };
    expect(judge(journal, { from: 2_000, to: 3_000 })).toEqual({
      sent: 1,
      expected: 1,
      delivered: 1,
      lost: 0,
      duplicated: 1,
      outOfOrder: 0,
      gapMs: { p50: 60_000, p99: 60_000, max: 60_000 },
    });
    expect(judge(journal, { from: 3_000, to: 4_000 })).toMatchObject({ sent: 1, lost: 1 });
  });
});
