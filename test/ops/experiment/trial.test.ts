import { closeCodes, passed, tally } from "../../../ops/experiment/trial";
import { client } from "../load/journals";
import { flawless } from "./verdicts";

describe("passed", () => {
  it.each([
    ["nothing lost, nothing twice, all in order", {}, true],
    ["one lost", { lost: 1 }, false],
    ["one twice", { duplicated: 1 }, false],
    ["one out of order", { outOfOrder: 1 }, false],
    ["nothing sent, so nothing shown", { sent: 0 }, false],
  ])("of %s is %p", (_title, spoiled, kept) => {
    expect(passed([flawless, { ...flawless, ...spoiled }])).toBe(kept);
  });
});

describe("closeCodes", () => {
  it("counts the closes of the window by code", () => {
    const closes = [
      { code: 1006, at: 1, pod: "a" },
      { code: 1012, at: 2, pod: "a" },
      { code: 1012, at: 3, pod: "a" },
      { code: 1012, at: 4, pod: "a" },
    ];
    const clients = [{ ...client("a", ""), closes }, client("b", "")];
    expect(closeCodes(clients, { from: 1, to: 4 })).toEqual({ 1006: 1, 1012: 2 });
  });
});

describe("tally", () => {
  it("counts equal values", () => {
    expect(tally(["503", "503", "ECONNREFUSED"])).toEqual({ 503: 2, ECONNREFUSED: 1 });
  });
});
