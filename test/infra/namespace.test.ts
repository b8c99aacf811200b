import { StackNamespace } from "../../infra/components/namespace/component";
import { renderStack } from "../../ops/render/render";
import { deployed, inputsOf } from "./deployed";
import { selectorOf } from "./selectors";

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
        to: [{ podSelector: { matchLabels: selectorOf(name) } }],
        ports: [{ protocol: "TCP", port: 8080 }],
      })),
    );
  });

  test.each(["nginx-redis", "gateway-redis", "nlb-nginx-elasticache"])(
    "lets the edge of %s reach cert-manager's solver pods, and nobody else",
    async (stack) => {
      const policies = (await renderStack(stack)).filter(
        ({ kind }) => kind === "NetworkPolicy",
      ) as unknown as {
        metadata: { name: string };
        spec: { podSelector: object; policyTypes: string[]; ingress?: { from: object[]; ports: object[] }[] };
      }[];
      const solvers = policies.filter(({ metadata }) => metadata.name === "http01-challenges");
      const service = policies.find(({ metadata }) =>
        metadata.name.startsWith("messaging-service-from-edge"),
      );
      expect(service?.spec.ingress?.[0]?.from).toHaveLength(1);
      expect(solvers.map(({ spec }) => spec)).toEqual([
        {
          podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
          policyTypes: ["Ingress"],
          ingress: [{ from: service?.spec.ingress?.[0]?.from, ports: [{ protocol: "TCP", port: 8089 }] }],
        },
      ]);
    },
  );

  test.each([
    ["without an issuer", "nginx-external", { edge: { kind: "nginx", tls: { secretName: "nova-tls" } } }],
    ["without network policies", "nginx-redis", { networkPolicies: false }],
  ])("has no policy for solver pods %s", async (_, stack, overrides) => {
    const objects = await renderStack(stack, { overrides });
    expect(objects.filter(({ metadata }) => metadata.name === "http01-challenges")).toEqual([]);
  });

  test("resolves its name only when the namespace exists", async () => {
    expect((await create()).outputs).toEqual({ name: "nova" });
  });
});
