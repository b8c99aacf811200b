import { planRollout, type RolloutPod, rolloutSpec } from "../../../ops/local/rollout";
import { deployment } from "./fixtures";

const spec = { replicas: 3, maxSurge: 1, maxUnavailable: 0, minReadyMs: 1_000 };
const nowMs = 100_000;

/** `a+` available, `a~` ready but not long enough, `a-` not ready; the first letter of the name is its revision. */
function pods(...notes: string[]): RolloutPod[] {
  return notes.map((note, index) => ({
    name: note.slice(0, -1),
    revision: note.charAt(0),
    createdAt: index,
    readySince: { "+": nowMs - 5_000 + index, "~": nowMs - 400, "-": undefined }[note.at(-1) ?? ""],
  }));
}

describe("planRollout", () => {
  it.each([
    ["creates all replicas at the start, surge unused", spec, [], 3, []],
    ["waits while they are not available", spec, ["b1-", "b2~", "b3+"], 0, []],
    ["starts a rollout with the surge", spec, ["a1+", "a2+", "a3+"], 1, []],
    ["keeps all old pods until the new one is available", spec, ["a1+", "a2+", "a3+", "b1~"], 0, []],
    ["gives up the youngest old pod for one that is", spec, ["a1+", "a2+", "a3+", "b1+"], 0, ["a3"]],
    ["surges again as soon as the old one is terminating", spec, ["a1+", "a2+", "b1+"], 1, []],
    ["removes the last old pod", spec, ["a1+", "b1+", "b2+", "b3+"], 0, ["a1"]],
    ["prefers an old pod that is not ready", spec, ["a1+", "a2-", "a3+", "b1+"], 0, ["a2"]],
    ["replaces a broken old pod before the new one is available", spec, ["a1+", "a2+", "a3-", "b1-"], 0, []],
    ["replaces a pod that was deleted", spec, ["b1+", "b2+"], 1, []],
    ["scales down what is too much", spec, ["b1+", "b2+", "b3+", "b4-"], 0, ["b4"]],
    [
      "goes below replicas where it may",
      { ...spec, maxSurge: 0, maxUnavailable: 1 },
      ["a1+", "a2+", "a3+"],
      0,
      ["a3"],
    ],
    [
      "surges and goes below at once",
      { ...spec, maxUnavailable: 1 },
      ["a1+", "a2+", "a3+", "b1-"],
      0,
      ["a3"],
    ],
  ])("%s", (_title, given, state, create, remove) => {
    const step = planRollout(given, "b", pods(...state), nowMs);
    expect({ create: step.create, remove: step.remove }).toEqual({ create, remove });
    expect(step.complete).toBe(false);
  });

  it("is complete when all replicas are new and available", () => {
    expect(planRollout(spec, "b", pods("b1+", "b2+", "b3+"), nowMs)).toEqual({
      create: 0,
      remove: [],
      complete: true,
      nextCheckAt: undefined,
    });
  });

  it("returns when a ready pod becomes available", () => {
    expect(planRollout(spec, "b", pods("b1+", "b2+", "b3~"), nowMs).nextCheckAt).toBe(nowMs + 600);
  });
});

describe("rolloutSpec", () => {
  it.each([
    ["numbers as they are", { maxSurge: 1, maxUnavailable: 0 }, 3, 1, 0],
    [
      "a surge rounded up, an unavailability rounded down",
      { maxSurge: "25%", maxUnavailable: "25%" },
      3,
      1,
      0,
    ],
    ["Kubernetes' defaults", {}, 8, 2, 2],
    ["one unavailable where nothing could move", { maxSurge: 0, maxUnavailable: 0 }, 3, 0, 1],
  ])("reads %s", (_title, rollingUpdate, replicas, maxSurge, maxUnavailable) => {
    const manifest = deployment({
      replicas,
      minReadySeconds: 2,
      strategy: { type: "RollingUpdate", rollingUpdate },
    });
    expect(rolloutSpec(manifest)).toEqual({ replicas, maxSurge, maxUnavailable, minReadyMs: 2_000 });
  });

  it("refuses an unsupported strategy", () => {
    expect(() => rolloutSpec(deployment({ strategy: { type: "Recreate" } }))).toThrow(
      "Deployment echo: the local runner does not support strategy Recreate",
    );
  });
});
