import { type Ingress, nameOf, UnsupportedManifestError } from "../manifest";
import { type CookieAffinity, cookieAffinity } from "./cookie-affinity";

/** A path of a host that leads to one Service port. */
export interface Route {
  /** Undefined for every host. */
  readonly host: string | undefined;
  readonly path: string;
  readonly exact: boolean;
  readonly service: string;
  readonly port: string | number;
  readonly affinity: CookieAffinity | undefined;
  /** The longest silence of a connection, in both directions. Milliseconds. */
  readonly idleMs: number;
}

/** nginx's default for proxy-read-timeout: 60 s, which cuts an idle WebSocket. */
const defaultIdleSeconds = 60;

/** All routes of the Ingresses. Throws if two have the same path of a host. */
export function routesOf(ingresses: readonly Ingress[]): Route[] {
  const routes = ingresses.flatMap((ingress) => {
    const affinity = cookieAffinity(ingress);
    const idle = ingress.metadata?.annotations?.["nginx.ingress.kubernetes.io/proxy-read-timeout"];
    return (ingress.spec?.rules ?? []).flatMap(({ host, http }) =>
      (http?.paths ?? []).map(({ path = "/", pathType, backend }): Route => {
        const { name, port } = backend.service ?? {};
        const target = port?.name ?? port?.number;
        if (name === undefined || target === undefined) {
          throw new UnsupportedManifestError(`Ingress ${nameOf(ingress)}: ${path} routes to no Service port`);
        }
        const exact = pathType === "Exact";
        const idleMs = Number(idle ?? defaultIdleSeconds) * 1_000;
        return { host, path, exact, service: name, port: target, affinity, idleMs };
      }),
    );
  });
  for (const [index, route] of routes.entries()) {
    const rival = routes.slice(0, index).find((other) => collide(route, other));
    if (rival !== undefined) {
      throw new Error(
        `${route.host ?? "*"}${route.path} routes to both ${rival.service} and ${route.service}; give each Service its own path`,
      );
    }
  }
  return routes;
}

/**
 * The route of a request: routes of the host come before those of every host, exact paths before prefixes, and longer prefixes
 * before shorter ones.
 */
export function findRoute(routes: readonly Route[], host: string, path: string): Route | undefined {
  const hostname = host.replace(/:\d+$/, "").toLowerCase();
  return routes
    .filter((route) => matchesHost(route.host, hostname) && matchesPath(route, path))
    .toSorted((a, b) => rank(b) - rank(a))
    .at(0);
}

function rank({ host, path, exact }: Route): number {
  return (host === undefined ? 0 : 2e6) + (exact ? 1e6 : 0) + path.length;
}

function matchesHost(pattern: string | undefined, hostname: string): boolean {
  if (pattern === undefined || pattern === hostname) return true;
  // A wildcard matches exactly one label.
  return pattern.startsWith("*.") && hostname.slice(hostname.indexOf(".")) === pattern.slice(1);
}

/** A prefix matches whole path segments: /messaging matches /messaging/chat, but not /messaging-old. */
function matchesPath({ path, exact }: Route, requested: string): boolean {
  const trimmed = path.replace(/\/$/, "");
  return requested === path || (!exact && (requested === trimmed || requested.startsWith(`${trimmed}/`)));
}

function collide(a: Route, b: Route): boolean {
  return a.host === b.host && a.path === b.path && a.exact === b.exact;
}
