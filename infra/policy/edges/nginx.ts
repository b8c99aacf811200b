import { nginx } from "../../annotations";
import type { NamedSeconds } from "../../timing";
import type { Resource, StringMap } from "../resource";
import { seconds } from "../workload";
import { ingressOf, ingressServices } from "./ingress";
import type { RouteTo } from "./route";

/**
 * The default time after which ingress-nginx and Traefik cut a silent connection. Seconds.
 * https://github.com/kubernetes/ingress-nginx/blob/controller-v1.15.1/docs/user-guide/nginx-configuration/configmap.md
 */
const defaultTimeoutSeconds = 60;

/** Ingresses with the annotations of ingress-nginx. */
export function* nginxRoutes(resource: Resource): Iterable<RouteTo> {
  const ingress = ingressOf(resource, "nginx");
  if (ingress === undefined) return;
  const annotations = ingress.metadata?.annotations ?? {};
  for (const to of ingressServices(ingress)) {
    yield {
      resource,
      to,
      idleTimeouts: () => [
        timeout(annotations, nginx.proxyReadTimeout),
        timeout(annotations, nginx.proxySendTimeout),
      ],
      affinityAges: () => {
        const age = seconds(annotations[nginx.cookieMaxAge]);
        return age === undefined ? [] : [{ path: nginx.cookieMaxAge, seconds: age }];
      },
      podsAreTargets: () => false,
      propagationSeconds: () => 0,
    };
  }
}

function timeout(annotations: StringMap, name: string): NamedSeconds {
  const set = seconds(annotations[name]);
  return set === undefined
    ? { path: `${name}, which is not set,`, seconds: defaultTimeoutSeconds }
    : { path: name, seconds: set };
}
