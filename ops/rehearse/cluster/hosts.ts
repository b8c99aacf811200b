import { ask, KubernetesError, type KubernetesClient } from "../../kubernetes/client";

/** An object that names hosts for clients: an Ingress, an HTTPRoute of the Gateway API, a VirtualService of Istio. */
export interface Routing {
  readonly kind?: string;
  readonly spec?: unknown;
}

interface Spec {
  /** Of an Ingress. */
  readonly rules?: readonly { readonly host?: string }[];
  /** Of an HTTPRoute. */
  readonly hostnames?: readonly string[];
  /** Of a VirtualService. */
  readonly hosts?: readonly string[];
}

/**
 * The host in these objects.
 *
 * @param wanted is used if it is one of several hosts; otherwise the first host is used
 */
export function hostOf(objects: readonly Routing[], wanted?: string): string | undefined {
  const hosts = objects.flatMap(hostsOf);
  return hosts.find((host) => host === wanted) ?? hosts[0];
}

function hostsOf({ kind, spec }: Routing): readonly string[] {
  const { rules = [], hostnames = [], hosts = [] } = (spec ?? {}) as Spec;
  switch (kind) {
    case "Ingress":
      return rules.flatMap(({ host }) => host ?? []);
    case "HTTPRoute":
      return hostnames;
    case "VirtualService":
      return hosts.filter((host) => host !== "*");
    default:
      return [];
  }
}

const customKinds = [
  { group: "gateway.networking.k8s.io", version: "v1", plural: "httproutes" },
  { group: "networking.istio.io", version: "v1", plural: "virtualservices" },
] as const;

/**
 * All objects in a namespace that name hosts. Kinds that the cluster does not know, or does not allow to read, count as empty.
 */
export async function readRouting(
  { networking, custom }: Pick<KubernetesClient, "networking" | "custom">,
  namespace: string,
): Promise<readonly Routing[]> {
  const where = `of namespace ${namespace}`;
  const ingresses = ask(`list the Ingresses ${where}`, networking.listNamespacedIngress({ namespace }));
  const routes = customKinds.map(async (kind): Promise<readonly Routing[]> => {
    try {
      const list: unknown = await ask(
        `list the ${kind.plural} ${where}`,
        custom.listNamespacedCustomObject({ ...kind, namespace }),
      );
      return (list as { items: readonly Routing[] }).items;
    } catch (error) {
      if (error instanceof KubernetesError && [403, 404].includes(error.status)) return [];
      throw error;
    }
  });
  const found = (await ingresses).items.map(({ spec }) => ({ kind: "Ingress", spec }));
  return [...found, ...(await Promise.all(routes)).flat()];
}
