import type { Config } from "../../../infra/config";
import { ports } from "../../../infra/ports";
import type { Api } from "../../kubernetes/api";
import { controllers } from "../controllers";
import { parseSetCookies } from "../set-cookie";
import type { EdgeVisits, Pod, Snapshot } from "../snapshot";
import { ingressEdge, isReady } from "../subjects";
import { upgrade } from "./upgrade";
import { routeToAddress, routeToPod, type Route } from "./route";

/** The number of clients without a cookie: enough to reach more than one pod. */
const firstVisits = 6;
/** How often each client returns. */
const returns = 3;

/** The edge cannot be reached from here. The message says why, and how to reach it. */
class NoRouteError extends Error {
  readonly code = "HOLDFAST_NO_ROUTE";
}

/**
 * How to reach the edge: by the address that the user gave, or through the API server to a pod of the controller. The second
 * works from a laptop and sends nothing outside the cluster. Throws {@link NoRouteError}.
 */
export function routeToEdge(api: Api, snapshot: Snapshot, edge: URL | undefined): Route {
  const { config } = snapshot;
  const { host = "" } = config;
  if (edge !== undefined) return routeToAddress(edge, host);
  const ingress = ingressEdge(config);
  if (config.edge.kind === "none") {
    const pod = snapshot.objects.pods.find(isReady);
    if (pod === undefined) throw new NoRouteError("the stack has no edge, and no pod is ready");
    return routeToPod(api, podPort(pod, ports.http), host, false);
  }
  const pod = controllers(snapshot)
    .filter(({ kind }) => kind.readsNginxAnnotations !== false)
    .flatMap(({ pods }) => pods)
    .find(isReady);
  if (pod === undefined || ingress === undefined) {
    throw new NoRouteError(
      `found no ready pod of a known edge in the cluster; pass the URL that clients use: --edge https://${host}`,
    );
  }
  const tls = ingress.tls !== undefined;
  const port = listening(pod, tls);
  if (port === undefined) {
    throw new NoRouteError(
      `pod ${pod.metadata?.name ?? ""} has no port for ${tls ? "https" : "http"}; pass the URL that clients use: --edge https://${host}`,
    );
  }
  return routeToPod(api, podPort(pod, port), host, tls);
}

function listening(pod: Pod, tls: boolean): number | undefined {
  const named = tls ? ["websecure", "https"] : ["web", "http"];
  const open = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? [];
  return open.find(({ name = "" }) => named.includes(name))?.containerPort;
}

function podPort({ metadata }: Pod, port: number) {
  return { namespace: metadata?.namespace ?? "", pod: metadata?.name ?? "", port };
}

/** Visits a service as several clients, and again as each of them. */
export async function visitEdge(route: Route, { path }: Config["services"][number]): Promise<EdgeVisits> {
  const first = await Promise.all(Array.from({ length: firstVisits }, () => upgrade(route, path)));
  const returnVisits = await Promise.all(
    first.map(async ({ setCookies }) => {
      const cookie = parseSetCookies(setCookies)
        .map(({ name, value }) => `${name}=${value}`)
        .join("; ");
      const visits = [];
      for (let again = 0; cookie !== "" && again < returns; again++)
        visits.push(await upgrade(route, path, cookie));
      return visits;
    }),
  );
  return { via: route.via, firstVisits: first, returnVisits };
}
