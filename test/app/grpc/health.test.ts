import { status } from "@grpc/grpc-js";
import { MAX_WATCHERS } from "../../../app/server/grpc/health";
import { Harness, type TestClient } from "./harness";

let harness: Harness;
let client: TestClient;

beforeEach(async () => {
  harness = await Harness.start();
  client = harness.client("grpc.health.v1.Health");
});

afterEach(() => harness.stop());

const check = (service: string) => client.call("Check", { service }, { authorization: [] });

describe("Check, without any token", () => {
  it.each(["", "holdfast.v1.Publisher"])("says of %j whether the pod is ready", async (service) => {
    await expect(check(service)).resolves.toEqual({ status: "SERVING" });
    harness.readiness.set(false);
    await expect(check(service)).resolves.toEqual({ status: "NOT_SERVING" });
    harness.readiness.set(true);
    await expect(check(service)).resolves.toEqual({ status: "SERVING" });
  });

  it("does not know other services", async () => {
    await expect(check("holdfast.v1.Other")).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe("Watch, without any token", () => {
  it.each(["", "holdfast.v1.Publisher"])("reports the status of %j, then each change", async (service) => {
    const watcher = client.watch(service);
    expect(await watcher.next()).toBe("SERVING");
    harness.readiness.set(false);
    expect(await watcher.next()).toBe("NOT_SERVING");
    harness.readiness.set(true);
    expect(await watcher.next()).toBe("SERVING");
    watcher.cancel();
  });

  it("begins with NOT_SERVING if the pod is not ready yet", async () => {
    harness.readiness.set(false);
    const watcher = client.watch("");
    expect(await watcher.next()).toBe("NOT_SERVING");
    watcher.cancel();
  });

  it("reports only changes", async () => {
    const watcher = client.watch("");
    expect(await watcher.next()).toBe("SERVING");
    harness.readiness.set(true);
    harness.readiness.set(false);
    harness.readiness.set(false);
    expect(await watcher.next()).toBe("NOT_SERVING");
    harness.readiness.set(true);
    expect(await watcher.next()).toBe("SERVING");
    watcher.cancel();
  });

  it("keeps the stream of an unknown service open", async () => {
    const watcher = client.watch("holdfast.v1.Other");
    expect(await watcher.next()).toBe("SERVICE_UNKNOWN");
    await harness.server.drain();
    expect(await watcher.next()).toBe("ended");
  });

  it("serves each watcher separately, and continues after one has left", async () => {
    const [leaving, staying] = [client.watch(""), client.watch("")];
    expect(await leaving.next()).toBe("SERVING");
    expect(await staying.next()).toBe("SERVING");
    leaving.cancel();
    harness.readiness.set(false);
    expect(await staying.next()).toBe("NOT_SERVING");
    staying.cancel();
  });

  it("limits the watchers, and accepts new ones after others have left", async () => {
    const watchers = Array.from({ length: MAX_WATCHERS }, () => client.watch(""));
    await Promise.all(watchers.map((watcher) => watcher.next()));

    await expect(client.watch("").next()).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    for (const watcher of watchers) watcher.cancel();
    for (;;) {
      const watcher = client.watch("");
      const first: unknown = await watcher.next().catch((error: unknown) => error);
      if (first !== "SERVING") continue;
      watcher.cancel();
      break;
    }
  });
});

describe("without a publisher token", () => {
  it("the server is healthy and the Publisher is not known", async () => {
    const open = await Harness.start({ publisherToken: "" });
    try {
      const health = open.client("grpc.health.v1.Health");
      await expect(health.call("Check", { service: "" })).resolves.toEqual({ status: "SERVING" });
      await expect(health.call("Check", { service: "holdfast.v1.Publisher" })).rejects.toMatchObject({
        code: status.NOT_FOUND,
      });
    } finally {
      await open.stop();
    }
  });
});
