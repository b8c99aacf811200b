import type { Endpoint } from "../endpoints";
import { type CookieAffinity, cookieValue } from "./cookie-affinity";

/** Where a request goes, and whether the answer must set the affinity cookie. */
export interface Choice {
  readonly endpoint: Endpoint;
  readonly setsCookie: boolean;
}

/** What a choice is made from. */
export interface Request {
  readonly endpoints: readonly Endpoint[];
  readonly affinity: CookieAffinity | undefined;
  /** The affinity cookie that came with the request. */
  readonly cookie: string | undefined;
  /** Endpoints that this request has already failed to reach. */
  readonly failed: readonly Endpoint[];
}

/**
 * Chooses as ingress-nginx does in persistent mode (rootfs/etc/nginx/lua/balancer/sticky.lua): the cookie's
 * endpoint while it is there, otherwise, or when it failed and the cookie may change, the next in turn, which the
 * cookie then names. The cookie is set only when an endpoint is chosen, so its age does not slide.
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
