import { renderStack } from "../../ops/render/render";
import { apply, kubectl, kubectlJson } from "./kubectl";
import { pods } from "./pods";
import { namespacePrefix, secretsOf, staging, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";

describe("staging, deployed", () => {
  let stack: DeployedStack;
  beforeAll(async () => {
    stack = await staging();
  }, 300_000);

  it("has every pod ready under Pod Security restricted, and no pod was restarted", async () => {
    const namespace = await kubectlJson<{ metadata: { labels: Record<string, string> } }>([
      ...["get", "namespace", stack.namespace],
    ]);
    expect(namespace.metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
    const workloads = [...stack.services, { name: "redis", replicas: 1 }];
    for (const { name, replicas } of workloads) {
      const found = await pods(stack.namespace, name);
      expect(found).toHaveLength(replicas);
      expect(found).toEqual(found.map((pod) => ({ ...pod, ready: true, restarts: 0 })));
    }
  });

  it("has the pods of each service on more than one node", async () => {
    for (const { name } of stack.services) {
      const nodes = new Set((await pods(stack.namespace, name)).map(({ node }) => node));
      expect(nodes.size).toBeGreaterThan(1);
    }
  });

  it("does not change when it is applied again", async () => {
    const generations = () =>
      kubectl([
        ...["--namespace", stack.namespace, "get", "deployments,statefulsets"],
        ...["--output", "jsonpath={range .items[*]}{.metadata.name}={.metadata.generation} {end}"],
      ]);
    const before = await generations();
    expect((await staging()).services).toEqual(stack.services);
    expect(await generations()).toBe(before);
  });

  it("does not conflict with itself under another field manager, as a repeated `pulumi up` has", async () => {
    // A Secret that is created again has another name.
    const named = stack.objects.filter(({ kind }) => kind !== "Secret");
    const applied = await apply(named, "--dry-run=server", "--field-manager=holdfast-again");
    expect(applied.trim().split("\n")).toHaveLength(named.length);
  });

  it("refuses a field that Kubernetes does not know, so a misspelt one cannot go unnoticed", async () => {
    const service = stack.objects.find(({ kind }) => kind === "Service");
    const misspelt = { ...service, spec: { ...(service?.spec as object), sesionAffinity: "ClientIP" } };
    await expect(apply([misspelt as (typeof stack.objects)[number]], "--dry-run=server")).rejects.toThrow(
      /field not declared in schema|unknown field/,
    );
  });

  it("has monitors and rules that the CRDs of prometheus-operator declare, field by field", async () => {
    const custom = stack.objects.filter(({ apiVersion }) => apiVersion.startsWith("monitoring.coreos.com/"));
    expect(custom.map(({ kind }) => kind).sort()).toEqual(["PodMonitor", "PrometheusRule"]);
    for (const object of custom) {
      const misspelt = { ...object, spec: { ...(object.spec as object), selektor: {} } };
      await expect(apply([misspelt], "--dry-run=server")).rejects.toThrow(
        /field not declared in schema|unknown field/,
      );
    }
  });
});

describe.each(["prod", "local"])("%s", (name) => {
  it("passes a strict dry run by the API server", async () => {
    const namespace = `${namespacePrefix}-${name}`;
    const objects = await renderStack(name, {
      overrides: { namespace },
      secrets: secretsOf(readSurroundings()),
    });
    // A dry run does not create the namespace that the other objects need.
    await apply(objects.filter(({ kind, metadata }) => kind === "Namespace" && metadata.name === namespace));
    const applied = await apply(objects, "--dry-run=server");
    expect(applied.trim().split("\n")).toHaveLength(objects.length);
  }, 60_000);
});
