import type { ClientTrace } from "../../../ops/load/journal";
import { placement } from "../../../ops/load/placement";
import { client } from "./journals";

/** Sockets as `pod@second`, closes as `pod!second`. */
function trace(notes: string): ClientTrace {
  const connections = [];
  const closes = [];
  for (const note of notes.split(" ")) {
    const [pod = "", opened, closed] = note.split(/[@!]/).length > 1 ? split(note) : [];
    if (opened !== undefined) connections.push({ pod, at: opened });
    if (closed !== undefined) closes.push({ pod, code: 1012, at: closed });
  }
  return { ...client(notes, ""), connections, closes };
}

function split(note: string): [string, number | undefined, number | undefined] {
  const [pod = "", at = ""] = note.split(/[@!]/);
  return note.includes("@") ? [pod, Number(at), undefined] : [pod, undefined, Number(at)];
}

const at = (...clients: ClientTrace[]) =>
  Object.fromEntries(
    placement(clients, { from: 0, to: 6 }, 1).pods.map(({ pod, clients }) => [pod, clients.join("")]),
  );

describe("the placement", () => {
  it.each([
    ["one that stays", "a@0", { a: "111111" }],
    ["one that moves before its old socket closes", "a@0 b@3 a!4", { a: "111000", b: "000111" }],
    ["one that is cut off and comes back to the same pod", "a@0 a!2 a@4", { a: "110011" }],
    ["one that is cut off and comes back elsewhere", "a@0 a!2 b@4", { a: "110000", b: "000011" }],
    ["one whose connection the load itself broke", "a@0 b@2", { a: "110000", b: "001111" }],
    ["nobody before it came", "a@3", { a: "000111" }],
  ])("follows %s", (_title, notes, expected) => {
    expect(at(trace(notes))).toEqual(expected);
  });

  it("adds the clients of a pod up, pods in the order in which they first served", () => {
    const found = placement([trace("b@1"), trace("a@0"), trace("a@2")], { from: 0, to: 3 }, 1);
    expect(found).toEqual({
      times: [0, 1, 2],
      pods: [
        { pod: "a", clients: [1, 1, 2] },
        { pod: "b", clients: [0, 1, 1] },
      ],
    });
  });
});
