import { nginx } from "../annotations";
import { ingressOf, ingressPaths } from "./edges/ingress";
import { routes } from "./edges/route";
import type { Resource, ObjectOf } from "./resource";
import type { System } from "./system";

/** An Ingress with ingress-nginx's annotations that leads to pods which serve WebSockets. */
export interface CookieIngress {
  readonly resource: Resource;
  readonly ingress: ObjectOf<"Ingress">;
}

export function* cookieIngresses(resource: Resource, system: System): Iterable<CookieIngress> {
  const ingress = ingressOf(resource, "nginx");
  if (ingress === undefined) return;
  const [leads] = routes(resource, system);
  if (leads !== undefined) yield { resource, ingress };
}

/** An affinity cookie as a browser keeps it. */
export interface Cookie {
  readonly resource: Resource;
  /** Undefined for every host. */
  readonly host: string | undefined;
  readonly name: string;
  readonly path: string;
  readonly service: string | undefined;
}

/** The affinity cookies that an Ingress sets. */
export function cookiesOf({ resource, ingress }: CookieIngress): Cookie[] {
  const annotations = ingress.metadata?.annotations ?? {};
  if (annotations[nginx.affinity] !== "cookie") return [];
  // ingress-nginx's own defaults: this name, and the path of the location.
  const { [nginx.cookieName]: name = "INGRESSCOOKIE", [nginx.cookiePath]: cookiePath } = annotations;
  return ingressPaths(ingress).map(({ host, path, service }) => ({
    resource,
    host,
    name,
    path: cookiePath ?? path,
    service,
  }));
}

/** Whether a browser would send both, or keep only one of them. */
export function collide(a: Cookie, b: Cookie): boolean {
  const sameHost = a.host === b.host || a.host === undefined || b.host === undefined;
  return sameHost && a.name === b.name && (within(a.path, b.path) || within(b.path, a.path));
}

function within(outer: string, inner: string): boolean {
  return outer === inner || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}
