import { rowsOf, tableOf, type Measurement } from "../../bench/report";

const peers = ["ws", "holdfast"];

function measured(peer: string, what: string, value: number | null): Measurement {
  return { work: "chat", measured: what, peer, value };
}

describe("the report of the benchmark", () => {
  test("has the median over the rounds, and its ratio to the baseline", () => {
    const rounds = [3, 1, 2].flatMap((value) => [
      measured("ws", "p99, ms", value),
      measured("holdfast", "p99, ms", value * 2),
    ]);
    expect(rowsOf(rounds, peers, "ws")).toEqual([
      { work: "chat", measured: "p99, ms", values: { ws: 2, holdfast: 4 }, ratios: { ws: 1, holdfast: 2 } },
    ]);
  });

  test("has no ratio where a peer has no such figure, and no row where none has", () => {
    const rounds = [
      measured("ws", "ack p99, ms", null),
      measured("holdfast", "ack p99, ms", 1.234),
      measured("ws", "store, µs", null),
    ];
    const rows = rowsOf(rounds, peers, "ws");
    expect(rows).toEqual([
      {
        work: "chat",
        measured: "ack p99, ms",
        values: { ws: null, holdfast: 1.234 },
        ratios: { ws: null, holdfast: null },
      },
    ]);
    expect(tableOf(rows, peers, "ws")).toMatch(/chat +│ ack p99, ms +│ – +│ 1.23 +│ – /);
  });

  test("has no column of ratios without the baseline", () => {
    const rows = rowsOf([measured("holdfast", "p99, ms", 123.4)], ["holdfast"], "ws");
    expect(tableOf(rows, ["holdfast"], "ws")).toMatch(/measured +│ holdfast │\n/);
    expect(tableOf(rows, ["holdfast"], "ws")).toMatch(/│ 123 +│\n/);
  });
});
