import type { Config } from "../../infra/config";
import { ApiError, get, type Api } from "../kubernetes/api";
import { controllerKind } from "./controllers";
import type { Objects, Pod, Source } from "./snapshot";

/** The lists of a snapshot, and why some are empty. */
export interface Reading {
  readonly objects: Objects;
  readonly unavailable: Readonly<Partial<Record<Source, string>>>;
  readonly serverVersion: { readonly major: number; readonly minor: number };
}

/** The names that charts give to the pods of controllers. A large cluster has too many pods to read all of them. */
const controllerNames = [
  ...["traefik", "ingress-nginx", "nginx-ingress", "nginx-ingress-controller"],
  ...["kubernetes-ingress", "haproxy-ingress", "higress-gateway"],
];

/** The label of the controller's ConfigMap in ingress-nginx's chart, and in manifests that were generated from it. */
const nginxConfigs = "app.kubernetes.io/name=ingress-nginx";

const monitoring = "/apis/monitoring.coreos.com/v1";
const envoyGateway = "/apis/gateway.envoyproxy.io/v1alpha1";
const istio = "/apis/networking.istio.io/v1";

/**
 * Reads all objects that checks need. Objects that the API server does not allow to read are noted as unavailable, never taken as
 * absent. Throws NoClusterError if the API server does not answer at all.
 */
export async function readCluster(
  api: Api,
  { namespace: { name: namespace }, edge }: Config,
): Promise<Reading> {
  const { major, minor } = await get<{ major: string; minor: string }>(api, "/version");
  const own = (group: string, kind: string) => `${group}/namespaces/${namespace}/${kind}`;
  const attached = edge.kind === "gateway" ? edge.attach?.namespace : undefined;
  /** Lists in the stack's namespace, and in that of the Gateway. */
  const inBoth = (group: string, kind: string) =>
    [...new Set([namespace, attached ?? namespace])].map((each) => `${group}/namespaces/${each}/${kind}`);
  const paths: Readonly<Record<keyof Objects, string | readonly string[]>> = {
    services: own("/api/v1", "services"),
    deployments: own("/apis/apps/v1", "deployments"),
    statefulSets: own("/apis/apps/v1", "statefulsets"),
    pods: own("/api/v1", "pods"),
    ingresses: own("/apis/networking.k8s.io/v1", "ingresses"),
    budgets: own("/apis/policy/v1", "poddisruptionbudgets"),
    autoscalers: own("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    endpointSlices: own("/apis/discovery.k8s.io/v1", "endpointslices"),
    networkPolicies: own("/apis/networking.k8s.io/v1", "networkpolicies"),
    httpRoutes: own("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    backendPolicies: inBoth(envoyGateway, "backendtrafficpolicies"),
    clientPolicies: inBoth(envoyGateway, "clienttrafficpolicies"),
    virtualServices: own(istio, "virtualservices"),
    destinationRules: own(istio, "destinationrules"),
    namespaces: "/api/v1/namespaces",
    ingressClasses: "/apis/networking.k8s.io/v1/ingressclasses",
    controllerPods: `/api/v1/pods?labelSelector=${encodeURIComponent(`app.kubernetes.io/name in (${controllerNames.join(",")})`)}`,
    controllerConfigs: `/api/v1/configmaps?labelSelector=${encodeURIComponent(nginxConfigs)}`,
    targetGroupBindings: own("/apis/elbv2.k8s.aws/v1beta1", "targetgroupbindings"),
    monitors: [`${monitoring}/podmonitors`, `${monitoring}/servicemonitors`],
    prometheuses: `${monitoring}/prometheuses`,
  };
  const unavailable: Partial<Record<Source, string>> = {};
  const lists = await Promise.all(
    Object.entries(paths).map(async ([source, path]) => {
      try {
        const parts = await Promise.all([path].flat().map((each) => list(api, each)));
        return [source, parts.flat()] as const;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        unavailable[source as Source] = error.message;
        return [source, []] as const;
      }
    }),
  );
  // Each path returns the type that the API server documents for it.
  const objects = Object.fromEntries(lists) as unknown as Objects;
  return {
    objects: { ...objects, controllerPods: objects.controllerPods.filter((pod) => controllerKind(pod)) },
    unavailable,
    serverVersion: { major: Number.parseInt(major), minor: Number.parseInt(minor) },
  };
}

/** The objects of one list, each with its kind, which lists omit. */
async function list(api: Api, path: string): Promise<object[]> {
  try {
    const { kind, items } = await get<{ kind: string; items: object[] }>(api, path);
    return items.map((item) => ({ kind: kind.replace(/List$/, ""), ...item }));
  } catch (error) {
    // 404 means that the cluster does not know the kind, so there are no objects; an empty list is 200.
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** The pods that can be asked. */
export function running(pods: readonly Pod[]): Pod[] {
  return pods.filter(
    ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === "Running",
  );
}
