import { mergeTimelines, timeline } from "../../../ops/load/timeline";
import { client, published } from "./journals";

const journal = {
  published: ["a1", "a2", "a3"].map((id) => published(id)),
  clients: [client("c", "a1+20 a2+1500"), client("d", "a1+900 a1+950")],
};

describe("timeline", () => {
  it("counts what was published and what arrived, and keeps the slowest", () => {
    expect(timeline(journal, { from: 1_000, to: 4_000 }, 1_000)).toEqual([
      { at: 1_000, published: 1, delivered: 3, slowestMs: 950 },
      { at: 2_000, published: 1, delivered: 0, slowestMs: null },
      { at: 3_000, published: 1, delivered: 1, slowestMs: 1_500 },
    ]);
  });

  it("excludes what is outside of the window", () => {
    expect(timeline(journal, { from: 2_000, to: 3_000 }, 1_000)).toEqual([
      { at: 2_000, published: 1, delivered: 0, slowestMs: null },
    ]);
  });
});

describe("mergeTimelines", () => {
  it("adds up, takes the slowest of all, and the length of the longest", () => {
    const one = { at: 1_000, published: 1, delivered: 2, slowestMs: null };
    const other = { at: 1_003, published: 3, delivered: 4, slowestMs: 7 };
    expect(mergeTimelines([[one], [other, { ...other, at: 2_003 }]])).toEqual([
      { at: 1_000, published: 4, delivered: 6, slowestMs: 7 },
      { at: 2_003, published: 3, delivered: 4, slowestMs: 7 },
    ]);
    expect(mergeTimelines([])).toEqual([]);
  });
});
