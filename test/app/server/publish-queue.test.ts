import {
  PublishQueue,
  type PublishOutcome,
  type WaitingPublish,
} from "../../../app/server/connection/publish-queue";
import { UnavailableError } from "../../../app/server/store/operation";

/** A store whose steps end when the test says. */
class ProxiedStore {
  readonly steps: { room: string; ids: number[]; settle: (error?: Error) => void }[] = [];
  #offset = 0;

  readonly store = (room: string, publishes: readonly WaitingPublish[]): Promise<PublishOutcome[]> =>
    new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        if (error) reject(error);
        else resolve(publishes.map(() => ({ offset: ++this.#offset, duplicate: false })));
      };
      this.steps.push({ room, ids: publishes.map(({ id }) => id), settle });
    });

  /** Settles the pending steps; returns what was requested. */
  async settle(error?: Error): Promise<string[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const steps = this.steps.splice(0);
    for (const step of steps) step.settle(error);
    await new Promise((resolve) => setImmediate(resolve));
    return steps.map(({ room, ids }) => `${room} ${ids.join(",")}`);
  }
}

function publish(room: string, id: number, body = "{}"): WaitingPublish {
  return { room, id, body, takenAt: performance.now() };
}

function setUp(isHeld: (publish: WaitingPublish) => boolean = () => false) {
  const store = new ProxiedStore();
  const answers: string[] = [];
  const queue = new PublishQueue(
    store.store,
    ({ room, id }, outcome) =>
      answers.push(`${room} ${id} ${"offset" in outcome ? outcome.offset : (outcome.error as Error).name}`),
    isHeld,
  );
  return { store, answers, queue };
}

describe("a connection's publishes", () => {
  it("go in one step for each room, while the next ones gather", async () => {
    const { store, answers, queue } = setUp();
    for (const [room, id] of [
      ["a", 1],
      ["b", 1],
      ["a", 2],
    ] as const)
      queue.add(publish(room, id));
    await new Promise((resolve) => setImmediate(resolve));
    for (const id of [3, 4]) queue.add(publish("a", id));
    expect(queue.size).toBe(5);
    expect(await store.settle()).toEqual(["a 1,2", "b 1"]);
    expect(await store.settle()).toEqual(["a 3,4"]);
    await queue.idle();
    expect(queue.size).toBe(0);
    expect(answers).toEqual(["a 1 1", "a 2 2", "b 1 3", "a 3 4", "a 4 5"]);
  });

  it("of one room do not wait for those of another, whose shard does not answer", async () => {
    const { store, answers, queue } = setUp();
    queue.add(publish("dead", 1));
    queue.add(publish("well", 1));
    await new Promise((resolve) => setImmediate(resolve));
    const [dead, well] = store.steps.splice(0);
    well?.settle();
    for (const id of [2, 3]) {
      queue.add(publish("well", id));
      expect(await store.settle()).toEqual([`well ${id}`]);
    }
    expect(answers).toEqual(["well 1 1", "well 2 2", "well 3 3"]);
    expect(queue.size).toBe(1);
    dead?.settle(new UnavailableError("away"));
    await queue.idle();
    expect(answers.at(-1)).toBe("dead 1 Error");
    expect(queue.size).toBe(0);
  });

  it("are stored in steps of 256 KiB, so that no publisher blocks the store", async () => {
    const { store, queue } = setUp();
    const large = "x".repeat(100_000);
    for (const id of [1, 2, 3, 4]) queue.add(publish("a", id, large));
    queue.add(publish("a", 5, "x".repeat(400_000)));
    expect(await store.settle()).toEqual(["a 1,2"]);
    expect(await store.settle()).toEqual(["a 3,4"]);
    expect(await store.settle()).toEqual(["a 5"]);
  });

  it("that have waited for an unavailable store fail with the first, each with its answer", async () => {
    const { store, answers, queue } = setUp();
    queue.add(publish("a", 1));
    await new Promise((resolve) => setImmediate(resolve));
    queue.add(publish("a", 2));
    expect(await store.settle(new UnavailableError("away"))).toEqual(["a 1"]);
    expect(await store.settle()).toEqual([]);
    queue.add(publish("a", 3));
    expect(await store.settle()).toEqual(["a 3"]);
    expect(answers).toEqual(["a 1 Error", "a 2 Error", "a 3 1"]);
  });

  it("that are held back by one before them are not tried", async () => {
    const { store, answers, queue } = setUp(({ id }) => id === 2);
    for (const id of [1, 2, 3]) queue.add(publish("a", id));
    expect(await store.settle()).toEqual(["a 1,3"]);
    expect(answers).toEqual(["a 1 1", "a 2 Error", "a 3 2"]);
  });
});
