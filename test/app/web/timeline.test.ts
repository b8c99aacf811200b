import { Pods } from "../../../app/web/pods";
import { Timeline } from "../../../app/web/timeline";

const pods = new Pods();
const [a, b] = [pods.get("messaging-service-7d9f-kq2x9"), pods.get("messaging-service-7d9f-m4d7f")];

describe("the timeline", () => {
  it("shows how long both sockets of a move were open", () => {
    const timeline = new Timeline();
    expect(timeline.connected(a, false, 0)).toEqual({ kind: "first", pod: a });
    timeline.moving(100);
    expect(timeline.connected(b, true, 140)).toEqual({ kind: "moved", pod: b, from: a, ms: 40 });
    expect(timeline.spans).toEqual([
      { pod: a, from: 0, to: 140, overlapMs: undefined },
      { pod: b, from: 140, to: undefined, overlapMs: 40 },
    ]);
    expect(timeline).toMatchObject({ moves: 1, cuts: 0, pod: b });
  });

  it("shows how long nothing served after a cut", () => {
    const timeline = new Timeline();
    timeline.connected(a, false, 0);
    timeline.lost(50);
    timeline.lost(60); // a second failure is not a second cut
    expect(timeline.pod).toBeUndefined();
    expect(timeline.connected(b, false, 350)).toEqual({ kind: "back", pod: b, from: a, ms: 300 });
    expect(timeline).toMatchObject({ moves: 0, cuts: 1 });
  });

  it("drops entries older than a quarter of an hour", () => {
    const timeline = new Timeline();
    timeline.connected(a, false, 0);
    timeline.message(1);
    timeline.connected(b, true, 1_000);
    timeline.message(1_000_000);
    expect(timeline.spans.map(({ pod }) => pod)).toEqual([b]);
    expect(timeline.messages).toEqual([1_000_000]);
  });
});

describe("pods", () => {
  it("have the end of their names, and a colour in the order in which they appeared", () => {
    expect(a).toMatchObject({ short: "kq2x9", hue: 1 });
    expect(b).toMatchObject({ short: "m4d7f", hue: 2 });
    expect(pods.get(a.name)).toBe(a);
    expect(pods.get("pod1").short).toBe("pod1");
  });
});
