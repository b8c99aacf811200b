import { claimsRoomPolicy } from "../../../app/server/auth/room-policy";

const verdict = (holdfast: unknown, room: string) => {
  const identity = { user: "ada", claims: holdfast === undefined ? {} : { holdfast } };
  return {
    join: claimsRoomPolicy.mayJoin(identity, room),
    publish: claimsRoomPolicy.mayPublish(identity, room),
  };
};
const both = { join: true, publish: true };
const neither = { join: false, publish: false };
const joinOnly = { join: true, publish: false };
const publishOnly = { join: false, publish: true };

describe("the room policy by claims", () => {
  it.each([
    ["everything without the claim", undefined, "lobby", both],
    ["everything by *", { join: ["*"], publish: ["*"] }, "lobby", both],
    ["a room by its id", { join: ["lobby"], publish: ["lobby"] }, "lobby", both],
    ["rooms by their beginning", { join: ["team:*"], publish: ["team:*"] }, "team:7", both],
    ["the beginning itself", { join: ["team:*"], publish: [] }, "team:", joinOnly],
    ["one of several", { join: ["a", "team:*", "lobby"], publish: ["b"] }, "lobby", joinOnly],
    ["reading without writing", { join: ["news"] }, "news", joinOnly],
    ["writing without reading", { publish: ["inbox"] }, "inbox", publishOnly],
  ])("grants %s", (_title, claim, room, expected) => {
    expect(verdict(claim, room)).toEqual(expected);
  });

  it.each([
    ["another room", { join: ["lobby"], publish: ["lobby"] }, "lobby2"],
    ["the beginning of a room's id", { join: ["lobby"], publish: ["lobby"] }, "lob"],
    ["another beginning", { join: ["team:*"], publish: ["team:*"] }, "steam:7"],
    ["a pattern taken literally", { join: ["team."], publish: ["team."] }, "team7"],
    ["anything by empty lists", { join: [], publish: [] }, "lobby"],
    ["anything by an empty claim", {}, "lobby"],
  ])("denies %s", (_title, claim, room) => {
    expect(verdict(claim, room)).toEqual(neither);
  });

  it.each([
    ["null", null],
    ["a string", "*"],
    ["true", true],
    ["a list", ["*"]],
    ["strings for lists", { join: "*", publish: "*" }],
    ["objects for lists", { join: { 0: "*" }, publish: { 0: "*" } }],
    ["a * that is not at the end", { join: ["*", "te*m"], publish: ["*", "*x"] }],
    ["two *", { join: ["**"], publish: ["a**"] }],
    ["an empty pattern", { join: ["*", ""], publish: ["", "*"] }],
    ["a pattern that is no string", { join: ["*", 7], publish: [null, "*"] }],
    ["misspelt rights", { joins: ["*"], Publish: ["*"] }],
  ])("denies everything if the claim is malformed: %s", (_title, claim) => {
    expect(verdict(claim, "lobby")).toEqual(neither);
  });

  it("lets every user read their own inbox, and no user write to it", () => {
    expect(verdict(undefined, "@me")).toEqual(joinOnly);
    expect(verdict({ join: [], publish: ["*"] }, "@me")).toEqual(joinOnly);
  });
});
