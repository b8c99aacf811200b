import { proxyName } from "../../infra/components/connection-proxy/names";
import type { Manifest } from "../local/manifest";
import { renderStack } from "../render/render";
import { readStackConfig, type Overrides, type SecretOf } from "../render/stack-config";
import { omit } from "./omit";

/** Pods of each proxy where the stack's configuration asks for none. */
const replicas = 2;

/** The manifests of a stack once with a proxy in front of each of its services, once with none, whatever it asks for. */
export async function withAndWithoutProxies(
  stack: string,
  secrets: SecretOf,
): Promise<{ readonly proxied: readonly Manifest[]; readonly direct: readonly Manifest[] }> {
  const { values } = await readStackConfig(stack, {}, secrets);
  const services = JSON.parse(values.services ?? "[]") as Service[];
  const direct = services.map((service) => omit(service, "connectionProxy"));
  const render = (overrides: Overrides) => renderStack(stack, { secrets, overrides });
  return {
    // A proxy passes on sockets alone, so there is no page behind it.
    proxied: await render({
      services: services.map((service) => ({ connectionProxy: { replicas }, ...service })),
      servePage: false,
    }),
    direct: await render({ services: direct }),
  };
}

/** An entry of `services`, as the stack's file has it. */
interface Service {
  readonly name: string;
  readonly connectionProxy?: object;
}

/** Of these workloads those that are no proxy of another. */
export function withoutProxies<Workload extends { readonly name: string }>(
  workloads: readonly Workload[],
): Workload[] {
  const proxies = new Set(workloads.map(({ name }) => proxyName(name)));
  return workloads.filter(({ name }) => !proxies.has(name));
}
