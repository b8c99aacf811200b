import { nginx } from "../annotations";
import { alb } from "./edges/alb";
import { attributes } from "./edges/attributes";
import { httpRoute } from "./edges/http-route";
import { ingressOf, ingressPaths } from "./edges/ingress";
import { routes } from "./edges/routes";
import type { Resource, ObjectOf } from "./resource";
import type { System } from "./system";

/** An Ingress with ingress-nginx's annotations that routes to pods which serve WebSockets. */
export interface CookieIngress {
  readonly resource: Resource;
  readonly ingress: ObjectOf<"Ingress">;
}

export function* cookieIngresses(resource: Resource, system: System): Iterable<CookieIngress> {
  const ingress = ingressOf(resource, "nginx");
  if (ingress !== undefined && leadsToWebSockets(resource, system)) yield { resource, ingress };
}

function leadsToWebSockets(resource: Resource, system: System): boolean {
  const [route] = routes(resource, system);
  return route !== undefined;
}

/** An affinity cookie, as a browser keeps it. */
export interface Cookie {
  readonly resource: Resource;
  /** Undefined for all hosts. */
  readonly host: string | undefined;
  readonly name: string;
  readonly path: string;
  readonly service: string | undefined;
  /** How to give a service its own cookie with this kind of edge. */
  readonly remedy: string;
}

/**
 * The affinity cookies of a route to pods that serve WebSockets. Each names a pod. Istio's is not included: it is a number that
 * each service's hash interprets itself, so services may share it.
 */
export function cookiesOf(resource: Resource, system: System): Cookie[] {
  if (!leadsToWebSockets(resource, system)) return [];
  return [...nginxCookies(resource), ...albCookies(resource), ...gatewayCookies(resource)];
}

function nginxCookies(resource: Resource): Cookie[] {
  const ingress = ingressOf(resource, "nginx");
  const annotations = ingress?.metadata?.annotations ?? {};
  if (ingress === undefined || annotations[nginx.affinity] !== "cookie") return [];
  // ingress-nginx's own defaults: this name, and the path of the Ingress rule.
  const { [nginx.cookieName]: name = "INGRESSCOOKIE", [nginx.cookiePath]: cookiePath } = annotations;
  return ingressPaths(ingress).map(({ host, path, service }) => ({
    resource,
    host,
    name,
    path: cookiePath ?? path,
    service,
    remedy: "give each service its own Ingress, with its own session-cookie-path or session-cookie-name",
  }));
}

/** The load balancer's cookie has a fixed name, for the whole host. */
function albCookies(resource: Resource): Cookie[] {
  const ingress = ingressOf(resource, "alb");
  if (ingress === undefined) return [];
  const { "stickiness.enabled": enabled, "stickiness.type": type = "lb_cookie" } = attributes(
    ingress.metadata?.annotations?.[alb.targetGroupAttributes],
  );
  if (enabled !== "true" || type !== "lb_cookie") return [];
  return ingressPaths(ingress).map(({ host, service }) => ({
    resource,
    host,
    name: "AWSALB",
    path: "/",
    service,
    remedy: "give each service its own host",
  }));
}

/** A rule without a cookie name gets a unique one. */
function gatewayCookies(resource: Resource): Cookie[] {
  const { hostnames = [], rules = [] } = httpRoute(resource)?.spec ?? {};
  return rules.flatMap(
    ({ matches = [], backendRefs = [], sessionPersistence: { type, sessionName } = {} }) => {
      if (sessionName === undefined || type === "Header") return [];
      const hosts = hostnames.length === 0 ? [undefined] : hostnames;
      const paths = matches.length === 0 ? ["/"] : matches.map(({ path }) => path?.value ?? "/");
      return hosts.flatMap((host) =>
        paths.map((path) => ({
          resource,
          host,
          name: sessionName,
          path,
          service: backendRefs[0]?.name,
          remedy: "give each rule its own sessionName",
        })),
      );
    },
  );
}

/** Whether a browser would send both cookies, or keep only one of them. */
export function collide(a: Cookie, b: Cookie): boolean {
  const sameHost = a.host === b.host || a.host === undefined || b.host === undefined;
  return sameHost && a.name === b.name && (within(a.path, b.path) || within(b.path, a.path));
}

function within(outer: string, inner: string): boolean {
  return outer === inner || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}
