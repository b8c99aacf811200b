import type * as k8s from "@pulumi/kubernetes";
import { WebSocketService, type WebSocketServiceArgs } from "../../infra/components/websocket-service";
import * as pulumi from "@pulumi/pulumi";
import { outside } from "../../infra/components/websocket-service/network-policies";
import { holdfastPod } from "../../infra/presets/holdfast-pod";
import type { AutoscalerConfig } from "../../infra/components/autoscaler/schema";
import { deployed, inputsOf, kindsOf, resourceOf } from "./deployed";
import { selectorOf } from "./selectors";

type Pod = k8s.types.output.core.v1.PodSpec;

/** A service like the Holdfast application, with everything that an image may need. */
const args: WebSocketServiceArgs = {
  ...holdfastPod(["http", "grpc", "metrics", "lifecycle"], "http"),
  namespace: "nova",
  image: "holdfast/app:0.1.0",
  env: { SERVICE_NAME: "chat" },
  preStopSeconds: 10,
  drainSeconds: 30,
  networkPolicies: true,
  edgePeers: [{ namespaceLabels: { team: "edge" }, podLabels: { app: "proxy" } }],
  monitoringPeers: [{ namespaceLabels: { team: "watch" }, podLabels: {} }],
  sessionStore: {
    url: { name: "redis-auth", key: "url" },
    egress: { ports: [{ protocol: "TCP", port: 6379 }] },
  },
  egress: [],
};

const create = (change: Partial<WebSocketServiceArgs> = {}) =>
  deployed(() => ({ service: new WebSocketService("chat", { ...args, ...change }).serviceName }));

async function deploymentOf(change: Partial<WebSocketServiceArgs> = {}) {
  return inputsOf(await create(change), "Deployment").spec;
}

async function podOf(change: Partial<WebSocketServiceArgs> = {}): Promise<Pod> {
  return (await deploymentOf(change)).template.spec;
}

async function containerOf(change: Partial<WebSocketServiceArgs> = {}) {
  const [container] = (await podOf(change)).containers;
  if (container === undefined) throw new Error("the pod has no container");
  return container;
}

describe("WebSocketService", () => {
  test("creates what a service needs, and no autoscaler by default", async () => {
    expect(kindsOf(await create())).toEqual([
      "Deployment",
      "NetworkPolicy",
      "NetworkPolicy",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ]);
  });

  test("puts everything in the namespace under the service's name", async () => {
    const { resources } = await create();
    for (const { inputs } of resources) {
      expect(inputs.metadata).toMatchObject({
        name: expect.stringMatching(/^chat(-from-(edge|monitoring)-[0-9a-f]{6})?$/) as string,
        namespace: "nova",
      });
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
      selector: selectorOf("chat"),
      ports: [
        { name: "http", port: 8080 },
        { name: "grpc", port: 8081 },
      ],
    });
  });

  test("is not awaited: its endpoints follow from the Deployment's", async () => {
    const { metadata } = inputsOf(await create(), "Service");
    expect(metadata.annotations).toEqual({ "pulumi.com/skipAwait": "true" });
  });
});

describe("its Deployment", () => {
  test("never has fewer pods than replicas while it rolls", async () => {
    const { replicas, strategy, minReadySeconds } = await deploymentOf();
    expect({ replicas, strategy, minReadySeconds }).toEqual({
      replicas: 3,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      minReadySeconds: 10,
    });
  });

  test("selects its pods by what never changes", async () => {
    const { selector, template } = await deploymentOf();
    expect(selector).toEqual({ matchLabels: selectorOf("chat") });
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });

  test("spreads the pods of each revision over zones and nodes", async () => {
    const { topologySpreadConstraints } = await podOf();
    expect(topologySpreadConstraints).toEqual(
      ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: selectorOf("chat") },
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
    const app = await containerOf({ isLoadBalancerTarget: true, preStopSeconds: 120 });
    expect(app.readinessProbe).toMatchObject({ periodSeconds: 2, failureThreshold: 3 });
  });

  test("gives a pod a minute to start before its liveness is checked", async () => {
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
    const container = await containerOf({
      preStop: holdfastPod([], hook).preStop,
      preStopSeconds: seconds,
    });
    expect(container.lifecycle).toEqual(lifecycle);
  });

  test("grants the grace period", async () => {
    expect((await podOf()).terminationGracePeriodSeconds).toBe(45);
  });

  test("satisfies Pod Security restricted, and can write only to /tmp", async () => {
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

  test("has no token for the API server, and no variables that it did not request", async () => {
    const pod = await podOf();
    expect(pod).toMatchObject({
      serviceAccountName: "chat",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    expect(inputsOf(await create(), "ServiceAccount")).toMatchObject({ automountServiceAccountToken: false });
  });

  test("limits memory to its request, and has no CPU limit", async () => {
    expect((await containerOf()).resources).toEqual({
      requests: { cpu: "250m", memory: "512Mi" },
      limits: { memory: "512Mi" },
    });
  });
});

describe("its PodDisruptionBudget", () => {
  test("lets one pod go at a time, and a broken one at any time", async () => {
    expect(inputsOf(await create(), "PodDisruptionBudget")).toMatchObject({
      spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" },
    });
  });
});

describe("its autoscaler", () => {
  const scaled = (metricsSource: AutoscalerConfig = { kind: "pods" }) => ({
    autoscaling: { minReplicas: 2, maxReplicas: 12, connectionsPerPod: 5_000, metricsSource },
  });

  test("follows open sockets, never CPU, and removes one pod a minute", async () => {
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

  test("reads the service's sum from the external metrics API", async () => {
    const metricsSource = { kind: "external", labels: { cluster: "eu" } } as const;
    const { spec } = inputsOf(await create(scaled(metricsSource)), "HorizontalPodAutoscaler");
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

  test("is created only by KEDA if KEDA queries Prometheus", async () => {
    const metricsSource = {
      kind: "keda",
      prometheusUrl: "http://prometheus.monitoring:9090",
      trigger: {},
    } as const;
    const evaluation = await create(scaled(metricsSource));
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

  test("refers to the object with Prometheus' credentials", async () => {
    const metricsSource: AutoscalerConfig = {
      kind: "keda",
      prometheusUrl: "https://prometheus.example",
      authentication: { kind: "ClusterTriggerAuthentication", name: "prometheus", modes: ["bearer", "tls"] },
      trigger: { namespace: "nova" },
    };
    const { spec } = inputsOf(await create(scaled(metricsSource)), "ScaledObject");
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

  test("does not keep a stack from changing to KEDA", async () => {
    const { metadata } = inputsOf(await create(scaled()), "HorizontalPodAutoscaler");
    expect(metadata.annotations).toEqual({ "validations.keda.sh/hpa-ownership": "false" });
  });
});

describe("its NetworkPolicies", () => {
  const nobody = { edgePeers: [], monitoringPeers: [] };

  const policies = async (change: Partial<WebSocketServiceArgs> = {}) =>
    (await create(change)).resources
      .filter(({ type }) => type.endsWith(":NetworkPolicy"))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(specOf);

  const ingressOf = async (change: Partial<WebSocketServiceArgs> = {}) =>
    (await policies(change)).flatMap(({ ingress = [] }) => ingress);

  const egressOf = async (change: Partial<WebSocketServiceArgs> = {}) =>
    (await policies(change)).flatMap(({ egress = [] }) => egress);

  test("close the pods in both directions", async () => {
    expect(
      (await policies(nobody)).map(({ podSelector, policyTypes }) => ({ podSelector, policyTypes })),
    ).toEqual([
      {
        podSelector: { matchLabels: selectorOf("chat") },
        policyTypes: ["Ingress", "Egress"],
      },
    ]);
  });

  test("allow the edge and monitoring, each to its ports", async () => {
    expect(await ingressOf()).toEqual([
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

  test("allow named pods of the service's own namespace", async () => {
    const edgePeers = [{ sameNamespace: true as const, podLabels: {} }];
    expect(await ingressOf({ ...nobody, edgePeers, grpcPort: undefined })).toEqual([
      { from: [{ podSelector: { matchLabels: {} } }], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
  });

  test("open grpc only to backends", async () => {
    const grpcPeers = [{ namespaceLabels: { team: "shop" }, podLabels: {} }];
    expect(await ingressOf({ ...nobody, grpcPeers })).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { team: "shop" } } }],
        ports: [{ protocol: "TCP", port: 8081 }],
      },
    ]);
  });

  test("open only http to a load balancer's addresses", async () => {
    expect(await ingressOf({ ...nobody, edgePeers: [{ cidr: "10.0.0.0/16" }] })).toEqual([
      { from: [{ ipBlock: { cidr: "10.0.0.0/16" } }], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
  });

  test("never open a port to everyone: a rule without peers is not created", async () => {
    expect(await ingressOf(nobody)).toEqual([]);
  });

  test("open the lifecycle port to no one", async () => {
    expect(JSON.stringify(await policies())).not.toContain("9091");
  });

  test("have other names if the edge's peers change, so that the new way opens before the old one closes", async () => {
    const namesOf = async (change: Partial<WebSocketServiceArgs>) =>
      (await create(change)).resources
        .filter(({ type }) => type.endsWith(":NetworkPolicy"))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, inputs }) => [name, (inputs.metadata as { name: string }).name]);
    const before = await namesOf({ ...nobody, edgePeers: [{ cidr: "10.0.0.0/16" }] });
    const after = await namesOf({ ...nobody, edgePeers: [{ cidr: "10.1.0.0/16" }] });
    expect(before[0]).toEqual(after[0]);
    expect(before[1]?.[0]).not.toBe(after[1]?.[0]);
    expect(before[1]?.[1]).not.toBe(after[1]?.[1]);
  });

  test("let pods out to DNS and the store only", async () => {
    expect(await egressOf()).toEqual([
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
          { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "openshift-dns" } } },
          { ipBlock: { cidr: "169.254.20.10/32" } },
          { ipBlock: { cidr: "169.254.169.254/32" } },
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

  test("let your own image connect anywhere, unless its ways out are listed", async () => {
    expect(await egressOf({ egress: undefined })).toEqual([{}]);
  });

  test.each([
    { jwksUrl: "https://id.example/jwks", port: 443 },
    { jwksUrl: "https://id.example:8443/jwks", port: 8443 },
  ])("let pods out on port $port for $jwksUrl", async ({ jwksUrl, port }) => {
    expect((await egressOf({ egress: [outside(jwksUrl)] })).at(-1)).toEqual({
      to: [{ ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }],
      ports: [{ protocol: "TCP", port }],
    });
  });
});

type PolicySpec = k8s.types.output.networking.v1.NetworkPolicySpec;

function specOf({ inputs }: { readonly inputs: Readonly<Record<string, unknown>> }): Partial<PolicySpec> {
  return inputs.spec as PolicySpec;
}

describe("a service of any image", () => {
  const own = { image: "registry.example.com/chat:1.4.0", port: 3000 };
  const bare = (change: Partial<WebSocketServiceArgs> = {}) =>
    deployed(() => ({ service: new WebSocketService("chat", { ...own, ...change }).url }));
  const podSpec = async (change: Partial<WebSocketServiceArgs> = {}) =>
    inputsOf(await bare(change), "Deployment").spec.template.spec;
  const container = async (change: Partial<WebSocketServiceArgs> = {}) =>
    (await podSpec(change)).containers[0];

  test("deploys with only an image and a port", async () => {
    const evaluation = await bare();
    expect(kindsOf(evaluation)).toEqual(["Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"]);
    expect(evaluation.outputs.service).toBe("ws://chat.default.svc:3000");
    expect(await container()).toMatchObject({
      image: "registry.example.com/chat:1.4.0",
      env: [],
      ports: [{ name: "http", containerPort: 3000 }],
      startupProbe: { tcpSocket: { port: "http" }, failureThreshold: 60 },
      readinessProbe: { tcpSocket: { port: "http" } },
      lifecycle: { preStop: { sleep: { seconds: 10 } } },
    });
    expect(await container()).not.toHaveProperty("livenessProbe");
  });

  test("gets the session store only in the configured variable", async () => {
    const { env } = (await container({ sessionStore: args.sessionStore, sessionStoreEnv: "CACHE" })) ?? {};
    expect(env).toEqual([{ name: "CACHE", valueFrom: { secretKeyRef: { name: "redis-auth", key: "url" } } }]);
  });

  test("writes out what the API server would add to a field reference", async () => {
    const { env } = (await container({ env: { POD: { field: "metadata.name" } } })) ?? {};
    expect(env).toEqual([
      { name: "POD", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
    ]);
  });

  test("merges podTemplate last, lists by their names", async () => {
    const pod = await podSpec({
      env: { LOG_LEVEL: "info" },
      podTemplate: {
        spec: {
          runtimeClassName: "gvisor",
          containers: [
            {
              name: "app",
              env: [
                { name: "LOG_LEVEL", value: "debug" },
                { name: "MORE", value: "1" },
              ],
            },
            { name: "sidecar", image: "registry.example.com/sidecar:1.0.0" },
          ],
        },
      },
    });
    expect(pod).toMatchObject({
      runtimeClassName: "gvisor",
      containers: [
        {
          name: "app",
          image: own.image,
          env: [
            { name: "LOG_LEVEL", value: "debug" },
            { name: "MORE", value: "1" },
          ],
        },
        { name: "sidecar" },
      ],
    });
  });

  test("runs as another user if the image needs one, for its volumes too", async () => {
    const pod = await podSpec({
      securityContext: { runAsUser: 101, readOnlyRootFilesystem: false, fsGroup: 5 },
    });
    expect(pod.securityContext).toMatchObject({ runAsUser: 101, fsGroup: 5, runAsNonRoot: true });
    expect(pod.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: false,
      runAsUser: 101,
    });
  });

  test.each([
    ["http", { port: 80 }],
    ["metrics", { port: 3000, metricsPort: pulumi.output(443) }],
  ])("may listen on a port below 1024 without root: %s", async (_, ports) => {
    const pod = await podSpec(ports);
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
    });
  });

  test("changes no kernel setting for other ports", async () => {
    expect((await podSpec({ port: 3000 })).securityContext).not.toHaveProperty("sysctls");
  });

  test("two with one name in two namespaces do not conflict", async () => {
    const { resources } = await deployed(() => {
      for (const namespace of ["blue", "green"]) {
        new WebSocketService(`chat-${namespace}`, { ...own, namespace, serviceName: "chat" });
      }
      return {};
    });
    const services = resources.filter(({ type }) => type.endsWith(":Service"));
    expect(services.map(({ inputs }) => inputs.metadata)).toMatchObject([
      { name: "chat", namespace: "blue" },
      { name: "chat", namespace: "green" },
    ]);
  });

  test("accepts an image that is known later", async () => {
    const image = pulumi.output("registry.example.com/chat:2.0.0");
    expect(await container({ image })).toMatchObject({ image: "registry.example.com/chat:2.0.0" });
  });

  test.each<[string, Partial<WebSocketServiceArgs>, RegExp]>([
    [
      "port",
      { port: 70_000 },
      /WebSocketService chat: port is 70000\. Set it to a whole number from 1 to 65535/,
    ],
    ["replicas", { replicas: 1.5 }, /replicas is 1\.5/],
    [
      "gracePeriodSeconds",
      { gracePeriodSeconds: 20 },
      /gracePeriodSeconds is 20, but preStop 10 s \+ drain 30 s \+ close 5 s need 45 s\. Raise it to 45/,
    ],
  ])("names the property that is wrong: %s", async (_, change, message) => {
    await expect(bare(change)).rejects.toThrow(message);
  });

  test("accepts numbers and decimal quantities as resources", async () => {
    expect((await container({ resources: { cpu: 1.5, memory: "1.5Gi" } }))?.resources).toEqual({
      requests: { cpu: "1.5", memory: "1.5Gi" },
      limits: { memory: "1.5Gi" },
    });
    await expect(bare({ resources: { cpu: 1, memory: "1KB" } })).rejects.toThrow(
      "WebSocketService chat: resources.memory is 1KB. Set it to memory of at least 1Mi such as 512Mi",
    );
  });

  test.each<[string, Partial<WebSocketServiceArgs>, string]>([
    ["the default startup probe", {}, "280s"],
    [
      "a slow one",
      { startupProbe: { httpGet: { path: "/", port: "http" }, failureThreshold: 300 } },
      "1240s",
    ],
    [
      "one of podTemplate",
      { podTemplate: { spec: { containers: [{ name: "app", startupProbe: { periodSeconds: 5 } }] } } },
      "1240s",
    ],
    [
      "one whose period is known later",
      {
        startupProbe: {
          tcpSocket: { port: 80 },
          periodSeconds: pulumi.output(5),
          failureThreshold: 30,
        },
      },
      "1240s",
    ],
  ])("waits for a rollout as long as its pods may take to start: %s", async (_, change, seconds) => {
    const { customTimeouts } = resourceOf(await bare(change), "Deployment");
    expect(customTimeouts).toMatchObject({ create: seconds, update: seconds });
  });

  test("waits for a deletion as long as its pods may take", async () => {
    const { customTimeouts } = resourceOf(await bare({ drainSeconds: 900 }), "Deployment");
    expect(customTimeouts).toMatchObject({ delete: "975s" });
  });
});
