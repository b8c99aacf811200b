import { renderStack } from "../../ops/render/render";
import { environmentOf, rendered, workloads } from "./rendered";

jest.setTimeout(120_000); // the first use of Pulumi's SDKs loads them

const deletionCost = { sockets: { deletionCost: true } };

describe("the pods' deletion cost", () => {
  it("is off by default: no token, no Role, no admission policy", async () => {
    const objects = await renderStack("staging");
    expect(objects.filter(({ kind }) => /^(Role|RoleBinding|ValidatingAdmission.*)$/.test(kind))).toEqual([]);
  });

  it("is written by the pods of an application, which get a token and a way to the API server", async () => {
    const objects = await rendered("staging", deletionCost);
    const deployments = workloads(objects, "Deployment");
    expect(deployments.length).toBeGreaterThan(0);
    for (const deployment of deployments) {
      expect(environmentOf(deployment, objects)).toMatchObject({ DELETION_COST: "true" });
      expect(deployment).toMatchObject({
        spec: { template: { spec: { automountServiceAccountToken: true } } },
      });
      const policy = objects.find(
        ({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === deployment.metadata.name,
      );
      const { egress } = policy?.spec as { egress: { ports?: unknown }[] };
      expect(egress.map(({ ports }) => ports)).toContainEqual(
        [443, 6443].map((port) => ({ protocol: "TCP", port })),
      );
    }
  });

  it("may be patched by the service's own account only, and an admission policy guards it", async () => {
    const serviceAccount = { name: "chat-account" };
    const objects = await renderStack("staging", {
      overrides: { ...deletionCost, services: [{ name: "chat", path: "/chat", serviceAccount }] },
    });
    const find = (kind: string) => objects.find((object) => object.kind === kind);
    expect(find("Role")).toMatchObject({
      metadata: { name: "chat-deletion-cost", namespace: "nova" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["patch"] }],
    });
    expect(find("RoleBinding")).toMatchObject({
      subjects: [{ kind: "ServiceAccount", name: "chat-account", namespace: "nova" }],
    });
    const name = "nova.chat-deletion-cost";
    expect(find("ValidatingAdmissionPolicyBinding")).toMatchObject({
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
    expect(find("ValidatingAdmissionPolicy")).toMatchObject({
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        matchConditions: [
          { expression: "request.userInfo.username == 'system:serviceaccount:nova:chat-account'" },
        ],
      },
    });
  });

  it("is not for services of another image, which do not know it", async () => {
    const services = [{ name: "feed", path: "/feed", image: "registry.example/feed:1" }];
    const objects = await renderStack("staging", { overrides: { ...deletionCost, services } });
    expect(objects.filter(({ kind }) => kind === "Role")).toEqual([]);
  });
});
