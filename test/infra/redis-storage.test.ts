import { checkedStorage, storageOf } from "../../infra/components/session-store/redis/storage";
import { evaluateProgram } from "../../ops/render/evaluate";
import { RedisStore } from "../../infra/components/session-store/redis/component";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

const eight = { size: "8Gi" };

describe("the session store's volume", () => {
  test("is refused with another size than the claim's, with the commands that grow it", () => {
    expect(() => checkedStorage({ storageGiB: 20 }, eight, "nova")).toThrow(
      "sessionStore.storageGiB is 20, but the volume of redis has 8Gi, and Kubernetes cannot change a claim template. " +
        "Set it back. To grow the volume, if its StorageClass allows expansion, run:\n" +
        `  kubectl --namespace nova patch pvc data-redis-0 --patch '{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'\n` +
        "  kubectl --namespace nova delete statefulset redis --cascade=orphan\n" +
        "  pulumi refresh --yes && pulumi up\n" +
        "The pod keeps running, and the new StatefulSet takes it over. A claim cannot shrink.",
    );
  });

  test.each([
    {
      set: "fast",
      live: undefined,
      has: "is fast, but the volume of redis has the cluster's default class",
      fix: "Remove it.",
    },
    {
      set: undefined,
      live: "fast",
      has: "is not set, but the volume of redis has fast",
      fix: "Set it to fast.",
    },
    { set: "cheap", live: "fast", has: "is cheap, but the volume of redis has fast", fix: "Set it to fast." },
  ])("is refused with the class $set instead of $live", ({ set, live, has, fix }) => {
    const check = () =>
      checkedStorage({ storageGiB: 8, storageClassName: set }, { ...eight, storageClassName: live }, "nova");
    expect(check).toThrow(
      `sessionStore.storageClassName ${has}, and Kubernetes cannot change the class of a volume. ${fix} `,
    );
  });

  test("is accepted if there is no claim yet, or size and class are the same", () => {
    expect(checkedStorage({ storageGiB: 8, storageClassName: "fast" }, undefined, "nova")).toBe("8Gi");
    expect(checkedStorage({ storageGiB: 8 }, eight, "nova")).toBe("8Gi");
    const fast = { storageClassName: "fast" };
    expect(checkedStorage({ storageGiB: 8, ...fast }, { ...eight, ...fast }, "nova")).toBe("8Gi");
  });

  test("has its class compared with the claim of the StatefulSet", async () => {
    const { resources, outputs } = await evaluateProgram(
      "test",
      () => ({ url: new RedisStore("redis", { namespace: "nova", storageClassName: "fast" }).url.key }),
      () => "generated",
    );
    const server = resources.find(({ type }) => type.endsWith(":StatefulSet"));
    const { volumeClaimTemplates } = (server?.outputs as { spec: { volumeClaimTemplates: never } }).spec;
    expect(storageOf(volumeClaimTemplates)).toEqual({ size: "8Gi", storageClassName: "fast" });
    expect(outputs).toEqual({ url: "url" });
  });

  test("never replaces the StatefulSet", async () => {
    const { resources } = await evaluateProgram(
      "test",
      () => {
        new RedisStore("redis", { namespace: "nova" });
        return {};
      },
      () => "generated",
    );
    const server = resources.find(({ type }) => type.endsWith(":StatefulSet"));
    expect(server?.ignoreChanges).toEqual(["spec.volumeClaimTemplates"]);
  });
});
