import { proxyName } from "../../infra/components/connection-proxy/names";
import type { ServiceConfig } from "../../infra/config";
import { stackConfig } from "../kubernetes/stack-in-cluster";
import type { Manifest } from "../local/manifest";
import { renderStack } from "../render/render";
import type { Overrides, SecretOf } from "../render/stack-config";
import { omit } from "./omit";

/** Pods of each proxy where the stack's configuration asks for none. */
const replicas = 2;

/** The manifests of a stack once with a proxy in front of each of its services, once with none, whatever it asks for. */
export async function withAndWithoutProxies(
  stack: string,
  secrets: SecretOf,
): Promise<{ readonly proxied: readonly Manifest[]; readonly direct: readonly Manifest[] }> {
  const { services } = await stackConfig({ stack });
  const render = (overrides: Overrides) => renderStack(stack, { secrets, overrides });
  return {
    // A proxy passes on sockets alone, so there is no page behind it.
    proxied: await render({
      services: services.map((service) => ({ ...asked(service), connectionProxy: proxyAsked(service) })),
      servePage: false,
    }),
    direct: await render({ services: services.map(asked) }),
  };
}

/** A service as configuration asks for it, without its proxy: the inverse of what reading the configuration fills in. */
function asked({ scale, ...service }: ServiceConfig): object {
  return {
    ...omit(service, "connectionProxy"),
    ...(typeof scale === "number" ? { replicas: scale } : { autoscaling: scale }),
  };
}

function proxyAsked({ connectionProxy }: ServiceConfig): object {
  return connectionProxy ? omit(connectionProxy, "scale", "drain") : { replicas };
}

/** Of these workloads those that are no proxy of another. */
export function withoutProxies<Workload extends { readonly name: string }>(
  workloads: readonly Workload[],
): Workload[] {
  const proxies = new Set(workloads.map(({ name }) => proxyName(name)));
  return workloads.filter(({ name }) => !proxies.has(name));
}
