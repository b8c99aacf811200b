import { type Ingress, nameOf, UnsupportedManifestError } from "../manifest";
import { type CookieAffinity, cookieAffinity } from "./cookie-affinity";

/** A path under a host that leads to one Service port. */
export interface Route {
  /** Undefined: every host. */
  readonly host: string | undefined;
  readonly path: string;
  readonly exact: boolean;
  readonly service: string;
  readonly port: string | number;
  readonly affinity: CookieAffinity | undefined;
  /** How long a connection may be silent in both directions. Milliseconds. */
  readonly idleMs: number;
}

/** nginx' own default for proxy-read-timeout: 60 s, which cuts an idle WebSocket. */
const defaultIdleSeconds = 60;

/** All routes of the Ingresses. Throws when two claim the same path of a host. */
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

/** The route of a request: the host's own before every host's, exact before prefix, the longest prefix first. */
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
  // A wildcard stands for exactly one label.
  return pattern.startsWith("*.") && hostname.slice(hostname.indexOf(".")) === pattern.slice(1);
}

/** A prefix matches whole path elements: /messaging leads to /messaging/chat, not to /messaging-old. */
function matchesPath({ path, exact }: Route, requested: string): boolean {
  const trimmed = path.replace(/\/$/, "");
  return requested === path || (!exact && (requested === trimmed || requested.startsWith(`${trimmed}/`)));
}

function collide(a: Route, b: Route): boolean {
  return a.host === b.host && a.path === b.path && a.exact === b.exact;
}
