import { nginx } from "../../infra/annotations";
import type { Ingress } from "./snapshot";

/** The affinity cookie that an Ingress requests from an nginx-like controller. */
export interface IngressCookie {
  readonly name: string;
  /** Undefined if the annotation is absent: the controller's default is `/` or the location. */
  readonly path: string | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly mode: string;
  readonly secure: boolean;
  readonly sameSite: string | undefined;
}

/** Reads an Ingress's cookie; undefined if it requests none. */
export function ingressCookie({ metadata }: Ingress): IngressCookie | undefined {
  const annotations = metadata?.annotations ?? {};
  if (annotations[nginx.affinity] !== "cookie") return undefined;
  const maxAge = annotations[nginx.cookieMaxAge];
  return {
    name: annotations[nginx.cookieName] ?? "INGRESSCOOKIE",
    path: annotations[nginx.cookiePath],
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
    mode: annotations[nginx.affinityMode] ?? "balanced",
    secure: annotations[nginx.cookieSecure] === "true",
    sameSite: annotations[nginx.cookieSameSite],
  };
}
