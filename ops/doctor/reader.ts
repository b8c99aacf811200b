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

/** Names that charts give the pods of controllers. All pods of a large cluster would be too many to read. */
const controllerNames = [
  ...["traefik", "ingress-nginx", "nginx-ingress", "nginx-ingress-controller"],
  ...["kubernetes-ingress", "haproxy-ingress", "higress-gateway"],
];

/** What the chart of ingress-nginx, and the manifests made of it, label the controller's ConfigMap with. */
const nginxConfigs = "app.kubernetes.io/name=ingress-nginx";

const monitoring = "/apis/monitoring.coreos.com/v1";
const envoyGateway = "/apis/gateway.envoyproxy.io/v1alpha1";
const istio = "/apis/networking.istio.io/v1";

/**
 * Reads everything that checks look at. What the API server does not let us see is noted as unavailable, never taken as
 * absent. Throws NoClusterError if it cannot be asked at all.
 */
export async function readCluster(
  api: Api,
  { namespace: { name: namespace }, edge }: Config,
): Promise<Reading> {
  const { major, minor } = await get<{ major: string; minor: string }>(api, "/version");
  const own = (group: string, kind: string) => `${group}/namespaces/${namespace}/${kind}`;
  const attached = edge.kind === "gateway" ? edge.attach?.namespace : undefined;
  /** Of the stack's namespace, and of that of the Gateway. */
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
  // What each path gives is what the API server documents for it.
  const objects = Object.fromEntries(lists) as unknown as Objects;
  return {
    objects: { ...objects, controllerPods: objects.controllerPods.filter((pod) => controllerKind(pod)) },
    unavailable,
    serverVersion: { major: Number.parseInt(major), minor: Number.parseInt(minor) },
  };
}

/** The objects of one list, each with its kind, which lists leave out. */
async function list(api: Api, path: string): Promise<object[]> {
  try {
    const { kind, items } = await get<{ kind: string; items: object[] }>(api, path);
    return items.map((item) => ({ kind: kind.replace(/List$/, ""), ...item }));
  } catch (error) {
    // A kind that the cluster does not know has no objects; 404 is for that alone, a list of none is 200.
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** The pods that can be asked something. */
export function running(pods: readonly Pod[]): Pod[] {
  return pods.filter(
    ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === "Running",
  );
}
