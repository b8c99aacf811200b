import { MAX_NESTING, nestsWithin } from "../../../app/protocol/nesting";
import { FrameError, parseClientFrame } from "../../../app/protocol/parse";

const arrays = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const objects = (levels: number) => `{"a":`.repeat(levels) + "1" + "}".repeat(levels);
const publish = (data: string) => parseClientFrame(`{"type":"publish","room":"a","id":1,"data":${data}}`);

describe("the nesting of data", () => {
  it.each([
    ["null", 0],
    ["1", 0],
    [`"[[["`, 0],
    ["[]", 1],
    ["{}", 1],
    [`[1,{"a":[2]}]`, 3],
    [`{"a":[],"b":{"c":[[]]}}`, 4],
  ])("of %s is %i levels", (text, levels) => {
    const value: unknown = JSON.parse(text);
    expect(nestsWithin(value, levels)).toBe(true);
    if (levels > 0) expect(nestsWithin(value, levels - 1)).toBe(false);
  });

  it("may go as deep as allowed in a publish", () => {
    expect(publish(arrays(MAX_NESTING))).toMatchObject({ type: "publish" });
    expect(publish(objects(MAX_NESTING))).toMatchObject({ type: "publish" });
  });

  // JSON.stringify of the deeper ones overflows the stack: without the check, they would end the process.
  it.each([MAX_NESTING + 1, 8_000, 30_000])("is refused in a publish at %i levels", (levels) => {
    for (const data of [arrays(levels), objects(levels)]) {
      expect(() => publish(data)).toThrow(new FrameError("data must nest at most 64 levels deep"));
    }
  });
});
