import { StackNamespace } from "../../infra/components/namespace";
import { deployed, inputsOf } from "./deployed";

const create = () => deployed(() => ({ name: new StackNamespace("holdfast", { name: "nova" }).name }));

describe("StackNamespace", () => {
  test("refuses pods that are not restricted", async () => {
    expect(inputsOf(await create(), "Namespace")).toMatchObject({
      metadata: {
        name: "nova",
        labels: {
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/enforce-version": "latest",
        },
      },
    });
  });

  test("closes every pod in both directions until a policy opens it", async () => {
    expect(inputsOf(await create(), "NetworkPolicy")).toMatchObject({
      metadata: { name: "default-deny", namespace: "nova" },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    });
  });

  test("gives its name only when the namespace is there", async () => {
    expect((await create()).outputs).toEqual({ name: "nova" });
  });
});
