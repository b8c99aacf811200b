import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as scripts from "../../../app/server/store/scripts";
import { tablesByHeading } from "../protocol/markdown";

describe("docs/architecture.md", () => {
  it("names scripts that exist", () => {
    const tables = tablesByHeading(readFileSync(join(__dirname, "../../../docs/architecture.md"), "utf8"));
    expect(
      tables
        .get("Scripts")
        ?.map(([name]) => name)
        .sort(),
    ).toEqual(Object.keys(scripts).sort());
  });
});
