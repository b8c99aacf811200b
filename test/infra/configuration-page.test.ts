import { readFileSync } from "node:fs";
import { undescribed } from "../../ops/reference/configuration";
import { configurationPage, currentPage } from "../../ops/reference/pages";

test("docs/configuration.md describes the schema; npm run golden writes it anew", async () => {
  expect(readFileSync(configurationPage.file, "utf8")).toBe(await currentPage(configurationPage));
});

test("every key of the configuration has a description", () => {
  expect(undescribed()).toEqual([]);
});

test("a key has its type, its range, its default and its meaning", () => {
  const page = readFileSync(configurationPage.file, "utf8").replace(/ +/g, " ");
  expect(page).toContain(
    "| `maxRooms` | 1–10,000 | | The most rooms that one socket may join. Defaults to 100. |",
  );
  expect(page).toContain(
    "| `ttlSeconds` | 10–86,400 | 3,600 | How long the session of a disconnected client is kept. Seconds. |",
  );
  expect(page).toContain("## `services[]`");
  expect(page).toContain("### `kind: nlb`");
});

test("every row of the page has a meaning", () => {
  const rows = readFileSync(configurationPage.file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(200);
  expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([]);
});
