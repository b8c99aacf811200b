import type { V1Pod } from "@kubernetes/client-node";
import { updateHistory, cutShort, type PodHistory } from "../../../ops/rehearse/cluster/pod-history";

const pod = (
  ready: boolean,
  changes: { deleted?: true; exitCode?: number; restarts?: number } = {},
): V1Pod => ({
  metadata: {
    name: "messaging-service-x",
    uid: "u",
    creationTimestamp: new Date(0),
    labels: { "app.kubernetes.io/name": "messaging-service" },
    ...(changes.deleted && { deletionTimestamp: new Date(60_000) }),
  },
  status: {
    conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: new Date(500) }],
    containerStatuses: [
      {
        name: "app",
        image: "x",
        imageID: "",
        ready,
        restartCount: changes.restarts ?? 0,
        containerID: "containerd://abc",
        ...(changes.exitCode !== undefined && { state: { terminated: { exitCode: changes.exitCode } } }),
      },
    ],
  },
});

/** The history of a pod whose states were seen one second after the other. */
function follow(...seen: (readonly [V1Pod, gone?: true])[]): PodHistory | undefined {
  return seen.reduce<PodHistory | undefined>(
    (history, [object, gone = false], index) =>
      updateHistory(history, object, { at: (index + 1) * 1_000, gone }),
    undefined,
  );
}

describe("updateHistory", () => {
  it("knows since when a pod has served that is older than the watch", () => {
    expect(follow([pod(true)])).toMatchObject({
      ready: true,
      served: [{ from: 500, to: undefined }],
      containerId: "abc",
    });
  });

  it("reads the times of a watch, which are text, as those of a list", () => {
    const { metadata, status } = pod(true);
    const watched = JSON.parse(JSON.stringify({ metadata, status })) as V1Pod;
    expect(follow([watched])).toEqual(follow([pod(true)]));
  });

  it("ends the serving time of a pod when it is deleted, although it is still ready", () => {
    expect(follow([pod(false)], [pod(true)], [pod(true, { deleted: true })])).toMatchObject({
      ready: false,
      served: [{ from: 2_000, to: 3_000 }],
      deletedAt: 3_000,
      termination: undefined,
    });
  });

  it("distinguishes a graceful end from a kill after the grace period", () => {
    const deleted = (exitCode: number) => pod(false, { deleted: true, exitCode });
    const ended = follow([pod(true)], [deleted(0)], [deleted(0), true]);
    expect(ended?.termination).toEqual({ beganAt: 2_000, exitedAt: 3_000, killed: false });
    expect(follow([pod(true)], [deleted(137)], [deleted(137), true])?.termination?.killed).toBe(true);
  });

  it("distinguishes a crash in the middle of its life from its end", () => {
    const history = follow([pod(true)], [pod(false, { exitCode: 137 })], [pod(true, { restarts: 1 })]);
    expect(history).toMatchObject({
      restarts: 1,
      termination: undefined,
      served: [
        { from: 500, to: 2_000 },
        { from: 3_000, to: undefined },
      ],
    });
  });
});

describe("cutShort", () => {
  it("ends the serving time of a killed pod at the kill, and keeps what it served afterwards", () => {
    const history = follow([pod(true)], [pod(false, { exitCode: 137 })], [pod(true, { restarts: 1 })]);
    if (history === undefined) throw new Error("there is no history");
    expect(cutShort(history, 1_200).served).toEqual([
      { from: 500, to: 1_200 },
      { from: 3_000, to: undefined },
    ]);
    expect(cutShort(history, undefined)).toBe(history);
  });
});
