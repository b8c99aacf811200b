import type { ClientTrace } from "../../../ops/load/journal";
import { moves } from "../../../ops/load/moves";
import { client } from "./journals";

const window = { from: 10, to: 20 };

/** A client whose sockets opened as `pod@second`. */
function connectedTo(...stations: string[]): ClientTrace {
  const connections = stations.map((station) => {
    const [pod = "", at = ""] = station.split("@");
    return { pod, at: Number(at) };
  });
  return { ...client(stations.join(), ""), connections };
}

describe("moves", () => {
  it.each([
    ["a client that stays", ["a@1"], 0],
    ["a client that moves once", ["a@1", "b@12"], 1],
    ["a client that lands on a pod that goes next", ["a@1", "b@12", "c@15"], 2],
    ["a client that comes back to its pod", ["a@1", "a@12"], 0],
    ["a move before the window", ["a@1", "b@9", "b@12"], 0],
    ["a move at the window's end", ["a@1", "b@20"], 0],
    ["the first socket of a client", ["a@12"], 0],
  ])("counts %s", (_title, stations, expected) => {
    expect(moves([connectedTo(...stations)], window)).toEqual({ mean: expected, max: expected });
  });

  it("gives the mean over all clients to a hundredth, and the most of one", () => {
    const clients = [connectedTo("a@1", "b@11", "c@12"), connectedTo("a@1", "b@11"), connectedTo("b@1")];
    expect(moves([...clients, connectedTo("a@1", "b@11")], window)).toEqual({ mean: 1, max: 2 });
    expect(moves([connectedTo("a@1", "b@11"), ...clients.slice(0, 2)], window)).toEqual({
      mean: 1.33,
      max: 2,
    });
  });

  it("has no figure without clients", () => {
    expect(moves([], window)).toEqual({ mean: null, max: null });
  });
});
