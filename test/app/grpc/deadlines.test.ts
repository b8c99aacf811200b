import { connect as connectHttp2, constants } from "node:http2";
import { Peer } from "../helpers/peer";
import { Harness, TOKEN } from "./harness";

/** Peers of the gRPC port that begin something and do not continue it. */
describe("the gRPC port", () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  it.each([
    ["sends nothing", ""],
    ["sends half a preface", "PRI * HTTP/2.0\r\n"],
    ["sends a preface and no settings", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("closes a connection that %s", async (_title, bytes) => {
    harness = await Harness.start({ limits: { prefaceMs: 50 } });
    const peer = new Peer(harness.server.port);
    if (bytes !== "") peer.write(bytes);
    await peer.refusedToWrite();
  });

  it("closes a connection above its limit", async () => {
    harness = await Harness.start({ limits: { maxConnections: 1 } });
    const client = harness.client("grpc.health.v1.Health");
    await client.call("Check", { service: "" });
    await new Peer(harness.server.port).refusedToWrite();
    await client.call("Check", { service: "" });
  });

  it("ends a call whose request does not come, and serves others meanwhile", async () => {
    harness = await Harness.start({ requestMs: 100 });
    const session = connectHttp2(`http://127.0.0.1:${harness.server.port}`);
    session.on("error", () => undefined);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: "/holdfast.v1.Publisher/PublishToRoom",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${TOKEN}`,
    });
    stream.on("error", () => undefined);
    stream.write(Buffer.from([0, 0, 0])); // of the five bytes of a message's head
    const status = new Promise<unknown>((resolve) => {
      stream.on("trailers", (trailers: Record<string, unknown>) => resolve(trailers["grpc-status"]));
      stream.on("response", (headers: Record<string, unknown>) => {
        if (headers["grpc-status"] !== undefined) resolve(headers["grpc-status"]);
      });
    });
    await harness.client("grpc.health.v1.Health").call("Check", { service: "" });
    expect(await status).toBe("4"); // DEADLINE_EXCEEDED
    session.destroy();
  });
});
