import { conflicts, describeConflicts } from "../../infra/components/existing-service/ownership";
import {
  deploymentFields,
  serviceFields,
  type DeploymentSettings,
  type LiveDeployment,
} from "../../infra/components/existing-service/fields";
import { NoneEdge } from "../../infra/components/edge/none/component";
import { ArgumentError } from "../../infra/components/input";
import { renderStack } from "../../ops/render/render";
import { deployed } from "./deployed";

/** The fields that kubectl owns of a Deployment that it created, including the defaults. */
const byKubectl = {
  manager: "kubectl-client-side-apply",
  operation: "Update",
  fieldsV1: {
    "f:spec": {
      "f:minReadySeconds": {},
      "f:strategy": { "f:rollingUpdate": { "f:maxSurge": {}, "f:maxUnavailable": {} }, "f:type": {} },
      "f:template": { "f:spec": { "f:terminationGracePeriodSeconds": {} } },
    },
  },
};

const fresh: LiveDeployment = {
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
  template: { spec: { terminationGracePeriodSeconds: 30, containers: [{ name: "server" }] } },
};

const settings: DeploymentSettings = {
  container: "server",
  drain: { preStopSeconds: 10, drainSeconds: 30, gracePeriodSeconds: 45 },
  maxSurge: 1,
  minReadySeconds: 10,
  preStop: { sleep: { seconds: 10 } },
};

const conflictsOf = (live: LiveDeployment, managed: object[] = [byKubectl]) =>
  conflicts(deploymentFields(live, settings), managed, "holdfast-test").map(({ path, owners }) => ({
    path,
    owners,
  }));

describe("fields of a Deployment with another owner", () => {
  test("are free if they have Kubernetes' default", () => {
    expect(conflictsOf(fresh)).toEqual([]);
  });

  test("are a conflict if their owner has set another value", () => {
    const pod = { terminationGracePeriodSeconds: 60, containers: [{ name: "server" }] };
    expect(conflictsOf({ ...fresh, template: { spec: pod } })).toEqual([
      { path: "spec.template.spec.terminationGracePeriodSeconds", owners: ["kubectl-client-side-apply"] },
    ]);
  });

  test("are no conflict if the owner's value is the same", () => {
    const pod = { terminationGracePeriodSeconds: 45, containers: [{ name: "server" }] };
    expect(conflictsOf({ ...fresh, template: { spec: pod } })).toEqual([]);
  });

  test("are no conflict once Holdfast owns them", () => {
    const ours = { ...byKubectl, manager: "holdfast-test", operation: "Apply" };
    const pod = { terminationGracePeriodSeconds: 50, containers: [{ name: "server" }] };
    expect(conflictsOf({ ...fresh, template: { spec: pod } }, [ours])).toEqual([]);
  });

  test("are a conflict, whatever the value, if their owner uses server-side apply", () => {
    const gitops = { ...byKubectl, manager: "argocd", operation: "Apply" };
    expect(conflictsOf(fresh, [gitops])).toContainEqual({
      path: "spec.template.spec.terminationGracePeriodSeconds",
      owners: ["argocd"],
    });
  });

  test("are a preStop hook with another command", () => {
    const hook = { exec: { command: ["/drain"] } };
    const managed = {
      manager: "helm",
      operation: "Update",
      fieldsV1: {
        "f:spec": {
          "f:template": {
            "f:spec": { "f:containers": { 'k:{"name":"server"}': { "f:lifecycle": { "f:preStop": {} } } } },
          },
        },
      },
    };
    const pod = {
      terminationGracePeriodSeconds: 30,
      containers: [{ name: "server", lifecycle: { preStop: hook } }],
    };
    expect(conflictsOf({ ...fresh, template: { spec: pod } }, [managed])).toEqual([
      { path: "spec.template.spec.containers[server].lifecycle.preStop", owners: ["helm"] },
    ]);
  });

  test("are named with their owner, both values, what comes back, and the change", () => {
    const found = conflicts(
      serviceFields(
        { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
        10_800,
      ),
      [
        {
          manager: "helm",
          operation: "Update",
          fieldsV1: { "f:spec": { "f:sessionAffinityConfig": { "f:clientIP": { "f:timeoutSeconds": {} } } } },
        },
      ],
      "holdfast-test",
    );
    expect(describeConflicts("Service chat", found)).toBe(
      "Service chat has fields with another owner:\n" +
        "  spec.sessionAffinityConfig.clientIP.timeoutSeconds is 60, set by helm; this stack sets 10800. Given back, it would be unset.\n" +
        "Set the same value in this stack and in the owner's manifest, remove the field from the owner's manifest, or set " +
        "services[].existing.force to true: the owner's value is lost then until it applies its manifest again.",
    );
  });
});

describe("a stack with an existing service", () => {
  const render = (change: Record<string, unknown> = {}) =>
    renderStack("staging", {
      overrides: {
        namespace: { name: "chat", create: false },
        sessionStore: { kind: "none" },
        edge: { kind: "nginx", controller: "none" },
        monitoring: { kind: "none" },
        services: [
          {
            name: "chat",
            path: "/chat",
            ports: { http: 3000 },
            existing: { deployment: "web", service: "web-svc", container: "server" },
            ...change,
          },
        ],
      },
      secrets: (name) => `${name}-${"x".repeat(40)}`,
    });

  test("patches the two objects, and creates only a budget and an Ingress in addition", async () => {
    const objects = await render();
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      "Deployment web",
      "Ingress chat-ingress-chat",
      "PodDisruptionBudget web-holdfast",
      "Service web-svc",
    ]);
  });

  test("sets only affinity, the pods' end and the rollout", async () => {
    const objects = await render();
    const specOf = (kind: string) => objects.find((object) => object.kind === kind)?.spec;
    expect(specOf("Service")).toEqual({
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    expect(specOf("Deployment")).toEqual({
      minReadySeconds: 10,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        spec: {
          terminationGracePeriodSeconds: 45,
          containers: [{ name: "server", lifecycle: { preStop: { sleep: { seconds: 10 } } } }],
        },
      },
    });
  });

  test("routes to the Service's port by its number, whatever its name", async () => {
    const ingress = (await render()).find(({ kind }) => kind === "Ingress");
    expect(JSON.stringify(ingress)).toContain(
      '"backend":{"service":{"name":"web-svc","port":{"number":3000}}}',
    );
  });

  test("uses an existing namespace, not one that the stack would create", async () => {
    await expect(
      renderStack("staging", {
        overrides: {
          namespace: "chat",
          sessionStore: { kind: "none" },
          services: [{ name: "chat", path: "/chat", existing: true }],
        },
        secrets: (name) => `${name}-${"x".repeat(40)}`,
      }),
    ).rejects.toThrow(/namespace\.create is true, .*Set namespace to \{ name: chat, create: false \}/s);
  });
});

test("without an edge, the URL has the port of the service", async () => {
  const { outputs } = await deployed(() => {
    const { urls } = new NoneEdge("edge", {
      namespace: "chat",
      backends: [{ name: "echo", serviceName: "echo", path: "/", port: 3000 }],
    });
    return { urls };
  });
  expect(outputs.urls).toEqual({ echo: "ws://echo.chat.svc:3000/" });
});

test("an argument that is wrong inside an Output is reported without a stack trace", () => {
  expect(new ArgumentError("port is 0. Set it to 80.").stack).toBe("port is 0. Set it to 80.");
});
