import { wrapWords } from "../../../ops/terminal/wrap";

describe("wrapWords", () => {
  it("breaks between words, and indents what follows", () => {
    expect(wrapWords("one two three four", 12, { lead: 4, indent: 2 })).toBe("one two\n  three four");
  });

  it("does not change a text that fits", () => {
    expect(wrapWords("one two", 7)).toBe("one two");
    expect(wrapWords("one two", Infinity, { lead: 4, indent: 2 })).toBe("one two");
  });

  it("keeps a long word whole", () => {
    expect(wrapWords("see https://example.org/a/long/address now", 10)).toBe(
      "see\nhttps://example.org/a/long/address\nnow",
    );
  });
});
