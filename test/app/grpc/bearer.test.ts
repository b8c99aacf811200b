import { isBearer } from "../../../app/server/grpc/bearer";

describe("authorization metadata", () => {
  it("is the one value Bearer and the token", () => {
    expect(isBearer(["Bearer secret"], "secret")).toBe(true);
  });

  // Node's HTTP/2 client cannot send two such headers; other clients can.
  it.each([
    ["absent", []],
    ["empty", [""]],
    ["the token alone", ["secret"]],
    ["in lower case", ["bearer secret"]],
    ["with more behind it", ["Bearer secret "]],
    ["two values, both right", ["Bearer secret", "Bearer secret"]],
    ["two values, joined", ["Bearer secret, Bearer secret"]],
    ["binary", [Buffer.from("Bearer secret")]],
  ])("is not %s", (_title, values) => {
    expect(isBearer(values, "secret")).toBe(false);
  });
});
