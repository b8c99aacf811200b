import { parseConfig } from "../../infra/config";
import { documentedStacks } from "../e2e/docs";

/** The form in which Pulumi passes values to a program. */
const asText = (values: object) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

describe.each([
  ["own-image.md", 2],
  ["adoption.md", 3],
])("the stack files of docs/%s", (page, count) => {
  const all = documentedStacks(page);

  it(`are ${count}`, () => {
    expect(all).toHaveLength(count);
  });

  it.each(all.map((values, index) => ({ values, index })))("can be copied: $index", ({ values }) => {
    const config = parseConfig({ stack: "documented", values: asText(values), isSecret: () => false });
    expect(config.services.length).toBeGreaterThan(0);
  });
});
