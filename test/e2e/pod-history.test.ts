import { endingAfter, type WatchEvent } from "./pod-history";

const event = (type: WatchEvent["type"], deletionTimestamp?: string, exitCode?: number): WatchEvent => ({
  type,
  object: {
    metadata: {
      ...{ name: "chat-1", uid: "1", creationTimestamp: "2026-11-27T20:00:00Z" },
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: { containers: [] },
    status: {
      containerStatuses:
        exitCode === undefined ? [] : [{ restartCount: 0, state: { terminated: { exitCode } } }],
    },
  },
});

describe("the history of a pod", () => {
  it("has no end of a pod that was not deleted", () => {
    expect(endingAfter(undefined, event("MODIFIED"), 1)).toBeUndefined();
  });

  it("keeps the first deadline: the kubelet's last delete moves the timestamp to the pod's end", () => {
    const asked = endingAfter(undefined, event("MODIFIED", "2026-11-26T10:00:45Z"), 1);
    const exited = endingAfter(asked, event("MODIFIED", "2026-11-26T10:00:45Z", 0), 2);
    const gone = endingAfter(exited, event("DELETED", "2026-11-26T10:01:30Z"), 3);
    expect(gone).toEqual({
      pod: "chat-1",
      deletedAt: 1,
      deadline: Date.parse("2026-11-26T10:00:45Z"),
      exitCode: 0,
      goneAt: 3,
    });
  });
});
