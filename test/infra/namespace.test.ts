import { StackNamespace } from "../../infra/components/namespace/component";
import { renderStack } from "../../ops/render/render";
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

  test("lets pods that connect to its services from inside out, and none of the stack's own", async () => {
    const objects = await renderStack("none-redis", {
      overrides: { network: { edge: [{ sameNamespace: true, podLabels: { role: "client" } }] } },
    });
    const policy = objects.find(
      ({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === "namespace-clients-0",
    ) as unknown as { spec: { egress: object[] } };
    expect(policy.spec).toMatchObject({
      podSelector: {
        matchLabels: { role: "client" },
        matchExpressions: [{ key: "app.kubernetes.io/part-of", operator: "NotIn", values: ["holdfast"] }],
      },
      policyTypes: ["Egress"],
    });
    const services = objects.filter(
      ({ kind, metadata }) => kind === "Deployment" && metadata.name !== "redis",
    );
    expect(policy.spec.egress.slice(1)).toEqual(
      services.map(({ metadata: { name } }) => ({
        to: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } }],
        ports: [{ protocol: "TCP", port: 8080 }],
      })),
    );
  });

  test("resolves its name only when the namespace exists", async () => {
    expect((await create()).outputs).toEqual({ name: "nova" });
  });
});
