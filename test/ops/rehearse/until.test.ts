import { until } from "../../../ops/rehearse/cluster/until";

describe("until", () => {
  const breaking = () => new AbortController();

  it("returns the condition's result", async () => {
    const answers = [undefined, "ready"];
    const waitOptions = { limitMs: 5_000, signal: breaking().signal };
    expect(await until("it is ready", waitOptions, () => answers.shift())).toBe("ready");
  });

  it("reports the condition and the current state when it gives up", async () => {
    const waitOptions = { limitMs: 0, signal: breaking().signal };
    await expect(
      until(
        "it is ready",
        waitOptions,
        () => undefined,
        () => "0 of 3",
      ),
    ).rejects.toThrow("not within 0 s: it is ready (0 of 3)");
  });

  it("rejects with the reason for which the rehearsal was aborted", async () => {
    const controller = breaking();
    const reason = new Error("broken off");
    const waiting = until("it is ready", { limitMs: 60_000, signal: controller.signal }, () => {
      controller.abort(reason); // in the pause that follows
      return undefined;
    });
    await expect(waiting).rejects.toBe(reason);
  });
});
