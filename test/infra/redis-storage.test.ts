import { checkedStorage } from "../../infra/components/session-store/redis/storage";
import { evaluateProgram } from "../../ops/render/evaluate";
import { RedisStore } from "../../infra/components/session-store/redis/component";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

describe("the size of the session store's volume", () => {
  test("is refused if the claim has another size, with the commands that grow it", () => {
    expect(() => checkedStorage(20, "8Gi", "nova")).toThrow(
      "sessionStore.storageGiB is 20, but the volume of redis has 8Gi, and Kubernetes cannot change a claim template. " +
        "Set it back. To grow the volume, if its StorageClass allows expansion, run:\n" +
        `  kubectl --namespace nova patch pvc data-redis-0 --patch '{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'\n` +
        "  kubectl --namespace nova delete statefulset redis --cascade=orphan\n" +
        "  pulumi refresh --yes && pulumi up\n" +
        "The pod keeps running, and the new StatefulSet takes it over. A claim cannot shrink.",
    );
  });

  test("is accepted if there is no claim yet, or the size is the same", () => {
    expect(checkedStorage(8, undefined, "nova")).toBe("8Gi");
    expect(checkedStorage(8, "8Gi", "nova")).toBe("8Gi");
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
