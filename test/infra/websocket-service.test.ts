import type * as k8s from "@pulumi/kubernetes";
import { WebSocketService, type WebSocketServiceArgs } from "../../infra/components/websocket-service";
import type { AutoscalerConfig } from "../../infra/components/autoscaler";
import { deployed, inputsOf, kindsOf, resourceOf } from "./deployed";

type Pod = k8s.types.output.core.v1.PodSpec;

const drain = { preStopSeconds: 10, drainSeconds: 30, gracePeriodSeconds: 45, preStopHook: "http" } as const;

const args: WebSocketServiceArgs = {
  namespace: "nova",
  pod: {
    image: "holdfast/app:0.1.0",
    imagePullPolicy: "IfNotPresent",
    env: [{ name: "SERVICE_NAME", value: "chat" }],
    resources: { cpu: "250m", memory: "512Mi" },
    drain,
    isTarget: false,
  },
  scale: 3,
  minReadySeconds: 10,
  registrationSeconds: 0,
  clientIpTimeoutSeconds: 10_800,
  policy: {
    edge: [{ namespaceLabels: { team: "edge" }, podLabels: { app: "proxy" } }],
    monitoring: [{ namespaceLabels: { team: "watch" }, podLabels: {} }],
    backends: [],
    store: { ports: [{ protocol: "TCP", port: 6379 }] },
    jwksUrl: undefined,
  },
};

const create = (change: Partial<WebSocketServiceArgs> = {}) =>
  deployed(() => ({ service: new WebSocketService("chat", { ...args, ...change }).serviceName }));

async function deploymentOf(change: Partial<WebSocketServiceArgs> = {}) {
  return inputsOf(await create(change), "Deployment").spec;
}

async function podOf(podChange: Partial<WebSocketServiceArgs["pod"]> = {}): Promise<Pod> {
  return (await deploymentOf({ pod: { ...args.pod, ...podChange } })).template.spec;
}

async function containerOf(podChange: Partial<WebSocketServiceArgs["pod"]> = {}) {
  const [container] = (await podOf(podChange)).containers;
  if (container === undefined) throw new Error("the pod has no container");
  return container;
}

describe("WebSocketService", () => {
  test("creates what a service needs, and no autoscaler unless asked", async () => {
    expect(kindsOf(await create())).toEqual([
      "Deployment",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ]);
  });

  test("puts everything in the namespace under the service's name", async () => {
    const { resources } = await create();
    for (const { inputs } of resources) {
      expect(inputs.metadata).toMatchObject({ name: "chat", namespace: "nova" });
    }
  });
});

describe("its Service", () => {
  test("keeps a client address on one pod", async () => {
    const { spec } = inputsOf(await create(), "Service");
    expect(spec).toMatchObject({
      type: "ClusterIP",
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
      selector: { "app.kubernetes.io/name": "chat" },
      ports: [
        { name: "http", port: 8080 },
        { name: "grpc", port: 8081 },
      ],
    });
  });

  test("is not waited for: its endpoints follow from the Deployment's", async () => {
    const { metadata } = inputsOf(await create(), "Service");
    expect(metadata.annotations).toEqual({ "pulumi.com/skipAwait": "true" });
  });
});

describe("its Deployment", () => {
  test("never has fewer pods than asked for while it rolls", async () => {
    const { replicas, strategy, minReadySeconds } = await deploymentOf();
    expect({ replicas, strategy, minReadySeconds }).toEqual({
      replicas: 3,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      minReadySeconds: 10,
    });
  });

  test("selects its pods by what never changes", async () => {
    const { selector, template } = await deploymentOf();
    expect(selector).toEqual({ matchLabels: { "app.kubernetes.io/name": "chat" } });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });

  test("spreads the pods of each revision over zones and nodes", async () => {
    const { topologySpreadConstraints } = await podOf();
    expect(topologySpreadConstraints).toEqual(
      ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { "app.kubernetes.io/name": "chat" } },
        matchLabelKeys: ["pod-template-hash"],
      })),
    );
  });

  test("takes a pod out of the endpoints after one failed probe", async () => {
    expect((await containerOf()).readinessProbe).toEqual({
      httpGet: { path: "/readyz", port: "http" },
      periodSeconds: 2,
      timeoutSeconds: 2,
      failureThreshold: 1,
    });
  });

  test("lets a load balancer's target miss two probes: it would be back only minutes later", async () => {
    const app = await containerOf({ isTarget: true, drain: { ...drain, preStopSeconds: 120 } });
    expect(app.readinessProbe).toMatchObject({ periodSeconds: 2, failureThreshold: 3 });
  });

  test("gives a pod a minute to start before it is judged alive", async () => {
    const { startupProbe, livenessProbe } = await containerOf();
    expect(startupProbe).toMatchObject({
      httpGet: { path: "/startupz" },
      periodSeconds: 1,
      failureThreshold: 60,
    });
    expect(livenessProbe).toMatchObject({ httpGet: { path: "/livez" }, failureThreshold: 3 });
  });

  test.each([
    {
      hook: "http",
      seconds: 10,
      lifecycle: { preStop: { httpGet: { path: "/prestop", port: "lifecycle" } } },
    },
    {
      hook: "http",
      seconds: 0,
      lifecycle: { preStop: { httpGet: { path: "/prestop", port: "lifecycle" } } },
    },
    { hook: "sleep", seconds: 15, lifecycle: { preStop: { sleep: { seconds: 15 } } } },
    { hook: "sleep", seconds: 0, lifecycle: undefined },
  ] as const)("waits $seconds s before SIGTERM by $hook", async ({ hook, seconds, lifecycle }) => {
    const container = await containerOf({ drain: { ...drain, preStopHook: hook, preStopSeconds: seconds } });
    expect(container.lifecycle).toEqual(lifecycle);
  });

  test("grants the grace period", async () => {
    expect((await podOf()).terminationGracePeriodSeconds).toBe(45);
  });

  test("is what Pod Security calls restricted, with nothing to write to but /tmp", async () => {
    const pod = await podOf();
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect((await containerOf()).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod.volumes).toEqual([{ name: "tmp", emptyDir: {} }]);
  });

  test("has no token for the API server, nor variables that it did not ask for", async () => {
    const pod = await podOf();
    expect(pod).toMatchObject({
      serviceAccountName: "chat",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    expect(inputsOf(await create(), "ServiceAccount")).toMatchObject({ automountServiceAccountToken: false });
  });

  test("limits memory to what it requests, and processors not at all", async () => {
    expect((await containerOf()).resources).toEqual({
      requests: { cpu: "250m", memory: "512Mi" },
      limits: { memory: "512Mi" },
    });
  });
});

describe("its PodDisruptionBudget", () => {
  test("lets one pod go at a time, and a broken one always", async () => {
    expect(inputsOf(await create(), "PodDisruptionBudget")).toMatchObject({
      spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" },
    });
  });
});

describe("its autoscaler", () => {
  const scaled = (counter: AutoscalerConfig = { kind: "pods" }) => ({
    scale: { minReplicas: 2, maxReplicas: 12, connectionsPerPod: 5_000, counter },
  });

  test("follows open sockets, never CPU, and takes one pod a minute away", async () => {
    const { spec } = inputsOf(await create(scaled()), "HorizontalPodAutoscaler");
    expect(spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: "chat" },
      minReplicas: 2,
      maxReplicas: 12,
      metrics: [
        {
          type: "Pods",
          pods: {
            metric: { name: "websocket_connections_active" },
            target: { type: "AverageValue", averageValue: "5000" },
          },
        },
      ],
      behavior: { scaleDown: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] } },
    });
  });

  test("asks the external metrics API for the service's sum", async () => {
    const counter = { kind: "external", labels: { cluster: "eu" } } as const;
    const { spec } = inputsOf(await create(scaled(counter)), "HorizontalPodAutoscaler");
    expect(spec.metrics).toEqual([
      {
        type: "External",
        external: {
          metric: {
            name: "websocket_connections_active",
            selector: { matchLabels: { service: "chat", cluster: "eu" } },
          },
          target: { type: "AverageValue", averageValue: "5000" },
        },
      },
    ]);
  });

  test("is KEDA's alone where KEDA asks Prometheus", async () => {
    const counter = {
      kind: "keda",
      prometheusUrl: "http://prometheus.monitoring:9090",
      trigger: {},
    } as const;
    const evaluation = await create(scaled(counter));
    expect(kindsOf(evaluation)).not.toContain("HorizontalPodAutoscaler");
    const { metadata, spec } = inputsOf(evaluation, "ScaledObject");
    expect(metadata.annotations).toEqual({ "pulumi.com/skipAwait": "true" });
    expect(spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: "chat" },
      minReplicaCount: 2,
      maxReplicaCount: 12,
      fallback: { failureThreshold: 3, replicas: 2, behavior: "currentReplicasIfHigher" },
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: { scaleDown: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] } },
        },
      },
      triggers: [
        {
          type: "prometheus",
          metricType: "AverageValue",
          metadata: {
            serverAddress: "http://prometheus.monitoring:9090",
            query: 'sum(websocket_connections_active{namespace="nova", service="chat"})',
            threshold: "5000",
            ignoreNullValues: "false",
          },
        },
      ],
    });
  });

  test("refers to whoever holds what Prometheus wants to see", async () => {
    const counter: AutoscalerConfig = {
      kind: "keda",
      prometheusUrl: "https://prometheus.example",
      authentication: { kind: "ClusterTriggerAuthentication", name: "prometheus", modes: ["bearer", "tls"] },
      trigger: { namespace: "nova" },
    };
    const { spec } = inputsOf(await create(scaled(counter)), "ScaledObject");
    expect(spec.triggers).toMatchObject([
      {
        metadata: { authModes: "bearer,tls", namespace: "nova" },
        authenticationRef: { kind: "ClusterTriggerAuthentication", name: "prometheus" },
      },
    ]);
  });

  test("owns the number of pods, and an update leaves it alone", async () => {
    const deployment = resourceOf(await create(scaled()), "Deployment");
    expect(deployment.inputs.spec).not.toHaveProperty("replicas");
    expect(deployment.ignoreChanges).toEqual(["spec.replicas"]);
    expect(resourceOf(await create(), "Deployment").ignoreChanges).toEqual([]);
  });

  test("does not keep a stack from going over to KEDA", async () => {
    const { metadata } = inputsOf(await create(scaled()), "HorizontalPodAutoscaler");
    expect(metadata.annotations).toEqual({ "validations.keda.sh/hpa-ownership": "false" });
  });
});

describe("its NetworkPolicy", () => {
  const policyOf = async (change: Partial<WebSocketServiceArgs["policy"]> = {}) =>
    inputsOf(await create({ policy: { ...args.policy, ...change } }), "NetworkPolicy").spec;

  test("lets the edge and monitoring in, each to its ports", async () => {
    expect((await policyOf()).ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { team: "edge" } },
            podSelector: { matchLabels: { app: "proxy" } },
          },
        ],
        ports: [
          { protocol: "TCP", port: 8080 },
          { protocol: "TCP", port: 8081 },
        ],
      },
      {
        from: [{ namespaceSelector: { matchLabels: { team: "watch" } } }],
        ports: [{ protocol: "TCP", port: 9090 }],
      },
    ]);
  });

  test("opens grpc alone to backends", async () => {
    const { ingress } = await policyOf({
      edge: [],
      monitoring: [],
      backends: [{ namespaceLabels: { team: "shop" }, podLabels: {} }],
    });
    expect(ingress).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { team: "shop" } } }],
        ports: [{ protocol: "TCP", port: 8081 }],
      },
    ]);
  });

  test("opens http alone to a load balancer's addresses", async () => {
    expect((await policyOf({ edge: [{ cidr: "10.0.0.0/16" }], monitoring: [] })).ingress).toEqual([
      { from: [{ ipBlock: { cidr: "10.0.0.0/16" } }], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
  });

  test("opens nothing to nobody: a rule without peers would let everyone in", async () => {
    expect((await policyOf({ edge: [], monitoring: [] })).ingress).toEqual([]);
  });

  test("opens the lifecycle port to no one", async () => {
    expect(JSON.stringify(await policyOf())).not.toContain("9091");
  });

  test("lets pods out to DNS and the store only", async () => {
    const { egress } = await policyOf();
    expect(egress).toEqual([
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
          { protocol: "UDP", port: 5353 },
          { protocol: "TCP", port: 5353 },
        ],
      },
      { ports: [{ protocol: "TCP", port: 6379 }] },
    ]);
  });

  test.each([
    { jwksUrl: "https://id.example/jwks", port: 443 },
    { jwksUrl: "https://id.example:8443/jwks", port: 8443 },
  ])("lets pods out on port $port for $jwksUrl", async ({ jwksUrl, port }) => {
    const { egress } = await policyOf({ jwksUrl });
    expect(egress.at(-1)).toEqual({
      to: [{ ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }],
      ports: [{ protocol: "TCP", port }],
    });
  });
});
