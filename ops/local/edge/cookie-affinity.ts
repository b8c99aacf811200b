import { createHash } from "node:crypto";
import { type Ingress, nameOf, UnsupportedManifestError } from "../manifest";
import type { Endpoint } from "../endpoints";

/** Cookie affinity, as an Ingress' annotations declare it. */
export interface CookieAffinity {
  readonly name: string;
  /** Default: the path of the location. */
  readonly path: string | undefined;
  /** Seconds; undefined: until the browser is closed. */
  readonly maxAgeSeconds: number | undefined;
  readonly secure: boolean;
  readonly sameSite: string | undefined;
  /** Whether a client whose pod could not be reached gets a new cookie, or retries the same pod. */
  readonly changeOnFailure: boolean;
}

/** The prefix of ingress-nginx's annotations; Traefik reads the same. */
const prefix = "nginx.ingress.kubernetes.io/";

/**
 * Reads the annotations of ingress-nginx. Undefined if the Ingress declares no cookie affinity.
 * https://kubernetes.github.io/ingress-nginx/examples/affinity/cookie/
 */
export function cookieAffinity(ingress: Ingress): CookieAffinity | undefined {
  const read = (key: string) => ingress.metadata?.annotations?.[prefix + key];
  if (read("affinity") !== "cookie") return undefined;
  const mode = read("affinity-mode") ?? "balanced";
  if (mode !== "persistent") {
    throw new UnsupportedManifestError(
      `Ingress ${nameOf(ingress)}: ${prefix}affinity-mode is ${mode}; the local edge supports only persistent`,
    );
  }
  const maxAge = read("session-cookie-max-age");
  return {
    name: read("session-cookie-name") ?? "INGRESSCOOKIE",
    path: read("session-cookie-path"),
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
    secure: read("session-cookie-secure") === "true",
    sameSite: read("session-cookie-samesite"),
    changeOnFailure: read("session-cookie-change-on-failure") === "true",
  };
}

/** An endpoint's name in a cookie: it reveals nothing about the endpoint, and is the same on every replica of an edge. */
export function cookieValue({ address, port }: Endpoint): string {
  return createHash("sha256").update(`${address}:${port}`).digest("hex").slice(0, 32);
}

/** The Set-Cookie header that binds a client to an endpoint. HttpOnly is always set, as by ingress-nginx. */
export function setCookie(affinity: CookieAffinity, locationPath: string, endpoint: Endpoint): string {
  const { name, path, maxAgeSeconds, secure, sameSite } = affinity;
  const attributes = [`${name}=${cookieValue(endpoint)}`, `Path=${path ?? locationPath}`];
  if (maxAgeSeconds !== undefined) attributes.push(`Max-Age=${maxAgeSeconds}`);
  if (secure) attributes.push("Secure");
  attributes.push("HttpOnly");
  if (sameSite !== undefined) attributes.push(`SameSite=${sameSite}`);
  return attributes.join("; ");
}

/**
 * A cookie's value in a Cookie header. If there are several of that name, ingress-nginx takes the last (measured with 1.15.1; it
 * parses the header into a table). A browser sends the cookie with the longest path first, so an older one at `/` wins.
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .findLast((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}
