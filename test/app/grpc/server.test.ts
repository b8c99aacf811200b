import { createServer, connect } from "node:net";
import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { pino } from "pino";
import { startGrpc } from "../../../app/server/grpc/server";
import { FakeBackend } from "./fake-backend";
import { Harness, SwitchedReadiness, TOKEN } from "./harness";

let harness: Harness;

beforeEach(async () => {
  harness = await Harness.start();
});

afterEach(() => harness.stop());

const toRoom = { room: "lobby", from: "bot", json: "1" };

describe("#drain", () => {
  it("lets calls in flight finish, and ends only then", async () => {
    let finish: () => void = () => undefined;
    harness.backend.hold = () => new Promise((resolve) => (finish = resolve));
    const call = harness.client("holdfast.v1.Publisher").call("PublishToRoom", toRoom);
    await harness.backend.reached(1);

    let ended = false;
    const drained = harness.server.drain().then(() => (ended = true));
    // The drain has begun and the port is closed, but the call still delays the end.
    await expect(connectOnce(harness.server.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(ended).toBe(false);

    finish();
    await expect(call).resolves.toEqual({ epoch: "e1", offset: Number.MAX_SAFE_INTEGER });
    await drained;
  });

  it("cuts calls that are not done within its budget", async () => {
    harness.backend.hold = () => new Promise<never>(() => undefined);
    const call = harness.client("holdfast.v1.Publisher").call("PublishToRoom", toRoom);
    const cut = expect(call).rejects.toMatchObject({ code: expect.any(Number) as number });
    await harness.backend.reached(1);

    await harness.server.drain(50);
    await cut;
    expect(harness.backend.signals[0]?.aborted).toBe(true);
  });

  it("reports NOT_SERVING to watchers, whatever readiness says, and ends their streams", async () => {
    const watcher = harness.client("grpc.health.v1.Health").watch("holdfast.v1.Publisher");
    expect(await watcher.next()).toBe("SERVING");

    await harness.server.drain();
    expect(await watcher.next()).toBe("NOT_SERVING");
    expect(await watcher.next()).toBe("ended");
    expect(harness.readiness.isReady()).toBe(true);
  });

  it("refuses new calls as UNAVAILABLE, so that callers try another pod", async () => {
    const client = harness.client("holdfast.v1.Publisher");
    await client.call("PublishToRoom", toRoom);
    await harness.server.drain();

    await expect(client.call("PublishToRoom", toRoom)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(harness.backend.calls).toHaveLength(1);
  });

  it("ends with idle callers connected", async () => {
    const clients = [harness.client("holdfast.v1.Publisher"), harness.client("holdfast.v1.Publisher")];
    await Promise.all(clients.map((client) => client.call("PublishToRoom", toRoom)));
    await harness.server.drain();
  });

  it("is the same when called again, and unsubscribes from readiness", async () => {
    const first = harness.server.drain();
    expect(harness.server.drain()).toBe(first);
    await first;
    expect(harness.readiness.listeners.size).toBe(0);
  });
});

describe("#stop", () => {
  it("cuts a call that never ends, and informs its backend", async () => {
    harness.backend.hold = () => new Promise<never>(() => undefined);
    const call = harness.client("holdfast.v1.Publisher").call("PublishToRoom", toRoom);
    const cut = expect(call).rejects.toMatchObject({
      code: expect.any(Number) as number,
    });
    await harness.backend.reached(1);
    const signal = harness.backend.signals[0];
    const told = signal !== undefined && once(signal, "abort");

    await harness.server.stop();
    await cut;
    await told;
  });

  it("ends a drain that a call blocks", async () => {
    harness.backend.hold = () => new Promise<never>(() => undefined);
    const call = harness.client("holdfast.v1.Publisher").call("PublishToRoom", toRoom);
    call.catch(() => undefined);
    await harness.backend.reached(1);

    const drained = harness.server.drain();
    await harness.server.stop();
    await drained;
  });

  it("ends a connection that has never sent anything", async () => {
    const socket = connect(harness.server.port, "127.0.0.1");
    await once(socket, "connect");
    const closed = once(socket, "close");
    await harness.server.stop();
    await closed;
  });

  it("may be called again", async () => {
    await harness.server.stop();
    await harness.server.stop();
  });
});

describe("a port that is in use", () => {
  it("is named in the error, and nothing stays open", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const readiness = new SwitchedReadiness();

    await expect(
      startGrpc({
        address: "127.0.0.1",
        port,
        publisherToken: TOKEN,
        maxPayloadBytes: 1_024,
        backend: new FakeBackend(),
        readiness,
        log: pino({ level: "silent" }),
      }),
    ).rejects.toThrow(`gRPC cannot listen on 127.0.0.1 port ${port}`);
    expect(readiness.listeners.size).toBe(0);
    taken.close();
    await once(taken, "close");
  });
});

async function connectOnce(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
