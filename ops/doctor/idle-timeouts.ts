import { awsService, nginx } from "../../infra/annotations";
import { attributes } from "../../infra/policy/edges/attributes";
import type { NamedSeconds } from "../../infra/timing";
import type { Ingress, Service } from "./snapshot";

/** Where each edge defines after how much silence it cuts a socket, and its default. */

/** nginx's own default. Seconds. */
const nginxDefaultSeconds = 60;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html Seconds. */
const albDefaultSeconds = 60;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html Seconds. */
const nlbDefaultSeconds = 350;

const alb = "alb.ingress.kubernetes.io/load-balancer-attributes";

/** The timeouts of an Ingress, for each direction. */
export function ingressIdleTimeouts(ingress: Ingress): NamedSeconds[] {
  const annotations = ingress.metadata?.annotations ?? {};
  if (isAlb(ingress)) {
    return [
      {
        path: alb,
        seconds: attribute(annotations[alb], "idle_timeout.timeout_seconds") ?? albDefaultSeconds,
      },
    ];
  }
  return [nginx.proxyReadTimeout, nginx.proxySendTimeout].map((path) => ({
    path,
    seconds: Number(annotations[path] ?? nginxDefaultSeconds),
  }));
}

/** The timeout of an AWS load balancer's Service, for each port. */
export function serviceIdleTimeouts({ metadata, spec }: Service): NamedSeconds[] {
  const annotations = metadata?.annotations ?? {};
  const tls = (annotations[awsService.tlsPorts] ?? "").split(",").map((port) => port.trim());
  return (spec?.ports ?? []).map(({ port, name }) => {
    const path = awsService.listenerAttributes("TCP", port);
    // The timeout of a TLS listener cannot be changed.
    const isTls =
      tls.includes(String(port)) || (name !== undefined && tls.includes(name)) || tls.includes("*");
    const configured = isTls ? undefined : attribute(annotations[path], "tcp.idle_timeout.seconds");
    return { path, seconds: configured ?? nlbDefaultSeconds };
  });
}

/** Whether the AWS Load Balancer Controller creates an application load balancer for an Ingress. */
export function isAlb({ metadata, spec }: Ingress): boolean {
  return (spec?.ingressClassName ?? metadata?.annotations?.["kubernetes.io/ingress.class"]) === "alb";
}

/** One attribute of `key=value,key=value`, the form that the AWS Load Balancer Controller reads. */
function attribute(list: string | undefined, key: string): number | undefined {
  const value = attributes(list)[key];
  return value === undefined ? undefined : Number(value);
}
