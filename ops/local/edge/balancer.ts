import type { Endpoint } from "../endpoints";
import { type CookieAffinity, cookieValue } from "./cookie-affinity";

/** The target of a request, and whether the answer must set the affinity cookie. */
export interface Choice {
  readonly endpoint: Endpoint;
  readonly setsCookie: boolean;
}

/** The input of a choice. */
export interface Request {
  readonly endpoints: readonly Endpoint[];
  readonly affinity: CookieAffinity | undefined;
  /** The request's affinity cookie. */
  readonly cookie: string | undefined;
  /** The endpoints that this request could not reach. */
  readonly failed: readonly Endpoint[];
}

/**
 * Chooses as ingress-nginx does in persistent mode (rootfs/etc/nginx/lua/balancer/sticky.lua): the cookie's endpoint while it
 * exists. Otherwise, or if that endpoint failed and the cookie may change, it chooses the next endpoint in turn and puts it into
 * the cookie. The cookie is set only when an endpoint is chosen, so its age is not extended.
 */
export class Balancer {
  #turn = 0;

  choose({ endpoints, affinity, cookie, failed }: Request): Choice | undefined {
    const bound = affinity && endpoints.find((endpoint) => cookieValue(endpoint) === cookie);
    if (bound !== undefined && (failed.length === 0 || affinity?.changeOnFailure === false)) {
      return { endpoint: bound, setsCookie: false };
    }
    const untried = endpoints.filter(({ id }) => !failed.some((other) => other.id === id));
    const endpoint = untried[this.#turn++ % untried.length];
    return endpoint && { endpoint, setsCookie: affinity !== undefined };
  }
}
