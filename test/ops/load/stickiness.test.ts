import type { ClientRecord, Entry } from "../../../ops/load/journal";
import { stickiness } from "../../../ops/load/stickiness";
import { client } from "./journals";

/** Connections as `pod@second`. */
function wanderer(entry: Entry, ...stations: string[]): ClientRecord {
  const connections = stations.map((station) => {
    const [pod = "", at = ""] = station.split("@");
    return { pod, at: Number(at) };
  });
  return { ...client(stations.join(), ""), entry, connections };
}

const lifetimes = [
  { pod: "a", from: 0, to: 10 },
  { pod: "a", from: 20, to: undefined },
  { pod: "b", from: 0, to: undefined },
];
const share = (...clients: ClientRecord[]) => stickiness(clients, lifetimes);

describe("stickiness", () => {
  it.each([
    ["one that met its old pod", ["a@1", "a@5"], 1],
    ["one that was moved although its pod lived", ["a@1", "b@5"], 0],
    ["one of two", ["b@1", "b@5", "a@6"], 0.5],
    ["none whose pod was not ready", ["a@1", "b@10"], null],
    ["none that never reconnected", ["a@1"], null],
    ["none, if the pod was unknown", ["z@1", "a@2"], null],
    ["one whose pod was ready again", ["a@1", "a@25"], 1],
  ])("counts %s", (_title, stations, expected) => {
    expect(share(wanderer("cookie", ...stations))).toEqual({ clientIp: null, cookie: expected });
  });

  it("distinguishes the two routes", () => {
    expect(share(wanderer("cookie", "a@1", "a@2"), wanderer("clientIp", "a@1", "b@2"))).toEqual({
      clientIp: 0,
      cookie: 1,
    });
  });
});
