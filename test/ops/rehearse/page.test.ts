import { stripVTControlCharacters } from "node:util";
import { reportPage } from "../../../ops/rehearse/page/page";
import { reportTable } from "../../../ops/rehearse/table";
import { trial, report } from "./reports";

const spoiled = trial({ lost: 7, delivered: 16_313, duplicated: 2 });

describe("reportPage", () => {
  it("is one page that fetches nothing and runs nothing", () => {
    const page = reportPage(report());
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|(?:src|href)=/);
  });

  it("shows at the top whether clients noticed", () => {
    expect(reportPage(report())).toContain("<h1>Nobody noticed.</h1>");
    const page = reportPage(report({ kept: false, trials: [spoiled] }));
    expect(page).toContain("<h1>Users would have noticed.</h1>");
    expect(page).toContain("7 lost, 2 duplicated, 0 out of order");
  });

  it("draws each pod in one colour, in the chart of clients, the legend and its lane", () => {
    const page = reportPage(report());
    const colours = [...page.matchAll(/<i style="background: (oklch\([^)]*\))">/g)].map(
      ([, colour]) => colour,
    );
    expect(new Set(colours).size).toBe(6);
    for (const colour of colours) expect(page.split(`fill="${colour ?? ""}"`).length).toBeGreaterThan(2);
  });

  it("shows how often clients moved and how long the rollout took", () => {
    const page = reportPage(report());
    expect(page).toContain("<b>1.38 / 3</b><span>moves per client, mean / max</span>");
    expect(page).toContain("took 67 s");
  });

  it("draws a chart of each kind for each fault", () => {
    const page = reportPage(report({ trials: [trial(), trial({ name: "Redis restart" })] }));
    expect(page.match(/<svg[^>]* role="img"/g)).toHaveLength(8);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("escapes text from elsewhere", () => {
    const page = reportPage(report({ context: `<script>alert("x")</script>` }));
    expect(page).not.toContain("<script>");
  });

  it("draws charts without values, because nothing happened", () => {
    const nothing = { timeline: [], placement: { times: [], pods: [] }, plain: undefined };
    expect(reportPage(report({ trials: [trial(nothing)], pods: [] }))).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("reportTable", () => {
  it("shows each figure as it was measured", () => {
    const text = stripVTControlCharacters(reportTable(report({ kept: false, trials: [spoiled] })));
    const cell = (label: string) => new RegExp(`│ ${label} +│ (.*?) +│`).exec(text)?.[1];
    expect(cell("lost")).toBe("7");
    expect(cell("duplicated")).toBe("2");
    expect(cell("gap p50 / p99 / max")).toBe("9 / 32 / 64 ms");
    expect(cell("moves per client, mean / max")).toBe("1.38 / 3");
    expect(cell("took")).toBe("67 s");
    expect(cell("pods that ended \\(killed\\)")).toBe("3 (0)");
    expect(cell("clients that only reconnect lost")).toBe("79 of 16000");
    expect(text).toContain("by client IP 100 %, by cookie 95.8 %");
    expect(text).toContain("Users would have noticed: 7 lost, 2 duplicated, 0 out of order.");
  });

  it("puts faults below each other if they do not fit side by side", () => {
    const several = report({
      trials: [trial(), trial({ name: "Redis restart" }), trial({ name: "third" })],
    });
    const widths = (columns: number) =>
      stripVTControlCharacters(reportTable(several, columns))
        .split("\n")
        .map((line) => line.length);
    expect(Math.max(...widths(80))).toBeLessThanOrEqual(80);
    const tops = (columns?: number) => reportTable(several, columns).split("┌").length - 1;
    expect([tops(), tops(80)]).toEqual([1, 2]);
  });
});
