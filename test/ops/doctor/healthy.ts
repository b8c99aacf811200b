import type { KubernetesObject } from "../../../ops/render/kubernetes-object";
import { renderStack } from "../../../ops/render/render";
import { stackConfig } from "../../../ops/kubernetes/stack-in-cluster";
import { parseExposition } from "../../../ops/kubernetes/exposition";
import type { Deployment, Objects, Pod, Snapshot, Upgrade } from "../../../ops/doctor/snapshot";

/**
 * A snapshot of a stack, by default `staging`, in which all is well: the objects that the program renders, and what a cluster
 * adds to them. Each test spoils one thing in it.
 */
export async function healthySnapshot(stack = "staging"): Promise<Snapshot> {
  const config = await stackConfig({ stack });
  const rendered = await renderStack(stack);
  const kind = <T>(name: string) => rendered.filter((each) => each.kind === name) as unknown as T[];
  const deployments = kind<Deployment>("Deployment").map(rolledOut);
  const pods = deployments.flatMap(podsOf);
  const serviceOf = (pod: Pod) => pod.metadata?.labels?.["app.kubernetes.io/name"] ?? "";
  const byPod = <T>(value: (pod: Pod) => T) =>
    Object.fromEntries(pods.map((pod) => [pod.metadata?.name ?? "", value(pod)]));
  const byService = <T>(value: (path: string, name: string) => T) =>
    Object.fromEntries(config.services.map(({ name, path }) => [name, value(path, name)]));

  const objects: Objects = {
    services: kind("Service"),
    deployments,
    statefulSets: kind("StatefulSet"),
    pods,
    ingresses: kind("Ingress"),
    budgets: kind("PodDisruptionBudget"),
    autoscalers: [],
    endpointSlices: config.services.map(({ name }) => ({
      addressType: "IPv4",
      metadata: { labels: { "kubernetes.io/service-name": name } },
      endpoints: pods
        .filter((pod) => serviceOf(pod) === name)
        .map(({ status }) => ({ addresses: [status?.podIP ?? ""], conditions: { ready: true } })),
    })),
    networkPolicies: kind("NetworkPolicy"),
    targetGroupBindings: [],
    httpRoutes: kind("HTTPRoute"),
    backendPolicies: kind("BackendTrafficPolicy"),
    clientPolicies: [],
    virtualServices: kind("VirtualService"),
    destinationRules: kind("DestinationRule"),
    namespaces: [
      ...kind<KubernetesObject>("Namespace"),
      { metadata: { name: "traefik", labels: { "kubernetes.io/metadata.name": "traefik" } } },
    ],
    ingressClasses: [{ metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } }],
    controllerPods: [controllerPod("traefik", "docker.io/library/traefik:v3.7.11")],
    controllerConfigs: [],
    monitors: kind("PodMonitor"),
    prometheuses: [
      {
        metadata: { name: "prometheus", namespace: "monitoring" },
        spec: {
          podMonitorSelector: { matchLabels: { release: "kube-prometheus-stack" } },
          podMonitorNamespaceSelector: {},
        },
      },
    ],
  };
  return {
    stack,
    config,
    objects,
    unavailable: {},
    observed: {
      serverVersion: { major: 1, minor: 34 },
      controllerVersions: {},
      metrics: byPod(() => parseExposition("websocket_connections_active 40\n")),
      redis: {
        settings: {
          maxmemory: String(179 * 2 ** 20),
          "maxmemory-policy": "noeviction",
          appendonly: "yes",
          appendfsync: "everysec",
          dir: "/data",
        },
        info: { used_memory: String(2 ** 20), evicted_keys: "0", aof_last_write_status: "ok" },
      },
      podUpgrades: byPod((pod) => upgrade(pod)),
      edge: byService((path, name) => {
        const own = pods.filter((pod) => serviceOf(pod) === name);
        const cookie = `SERVERID=abc; Path=${path}; Max-Age=86400; Secure; HttpOnly; SameSite=Lax`;
        return {
          via: "by a test",
          firstVisits: own.map((pod) => upgrade(pod, cookie)),
          returnVisits: own.map((pod) => [upgrade(pod), upgrade(pod)]),
        };
      }),
      reconnects: byService(() => ({ via: "by a test", ms: [30, 40, 50], resumed: 3 })),
    },
  };
}

/** A ready pod of an ingress controller. */
export function controllerPod(name: string, image: string): Pod {
  return {
    metadata: { name: `${name}-0`, namespace: name, labels: { "app.kubernetes.io/name": name } },
    spec: { nodeName: "node-1", containers: [{ name, image }] },
    status: ready,
  };
}

const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

function upgrade(pod: Pod, ...setCookies: string[]): Upgrade {
  return { status: 101, pod: pod.metadata?.name, setCookies, ms: 20 };
}

function rolledOut(deployment: Deployment): Deployment {
  return {
    ...deployment,
    metadata: { ...deployment.metadata, generation: 1 },
    status: { observedGeneration: 1, updatedReplicas: deployment.spec?.replicas ?? 1 },
  };
}

function podsOf({ metadata, spec }: Deployment, index: number): Pod[] {
  return Array.from({ length: spec?.replicas ?? 1 }, (_, replica) => ({
    metadata: { ...spec?.template.metadata, name: `${metadata?.name ?? ""}-${replica}` },
    spec: {
      ...spec?.template.spec,
      containers: spec?.template.spec?.containers ?? [],
      nodeName: `node-${replica % 2}`,
    },
    status: {
      ...ready,
      podIP: `10.0.${index}.${replica}`,
      containerStatuses: [{ name: "app", image: "", imageID: "", ready: true, restartCount: 0 }],
    },
  }));
}
