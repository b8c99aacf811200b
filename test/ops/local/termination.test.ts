import { killAfterMs, preStopOf } from "../../../ops/local/termination";

describe("killAfterMs", () => {
  it.each([
    ["what preStop left of the grace period", 45_000, 10_000, 35_000],
    ["two seconds where preStop left less", 10_000, 9_500, 2_000],
    ["two seconds where preStop took it all", 10_000, 10_000, 2_000],
  ])("is %s", (_title, graceMs, preStopMs, expected) => {
    expect(killAfterMs(graceMs, preStopMs)).toBe(expected);
  });
});

describe("preStopOf", () => {
  it("refuses a hook that is not supported locally", () => {
    expect(() => preStopOf({ preStop: { exec: { command: ["true"] } } }, "127.0.0.1", {})).toThrow(
      "preStop has neither httpGet nor sleep",
    );
  });

  it("lists the existing ports when a hook names another one", () => {
    const hook = { preStop: { httpGet: { path: "/prestop", port: "lifecycle" } } };
    expect(() => preStopOf(hook, "127.0.0.1", { http: 8080 })).toThrow(
      "no container port is named lifecycle; there are http",
    );
  });
});
