import { proxyName } from "../../infra/components/connection-proxy/names";
import type { Manifest } from "../local/manifest";
import { renderStack } from "../render/render";
import { readStackConfig, type Overrides, type SecretOf } from "../render/stack-config";
import { omit } from "./omit";

/** The number of pods of each proxy, if the stack's configuration has none. */
const replicas = 2;

/** The manifests of a stack with a proxy in front of each of its services, and without any, whatever its configuration. */
export async function withAndWithoutProxies(
  stack: string,
  secrets: SecretOf,
): Promise<{ readonly proxied: readonly Manifest[]; readonly direct: readonly Manifest[] }> {
  const { values } = await readStackConfig(stack, {}, secrets);
  const services = JSON.parse(values.services ?? "[]") as Service[];
  const direct = services.map((service) => omit(service, "connectionProxy"));
  const render = (overrides: Overrides) => renderStack(stack, { secrets, overrides });
  return {
    // A proxy forwards only sockets, so there is no page behind it.
    proxied: await render({
      services: services.map((service) => ({ connectionProxy: { replicas }, ...service })),
      servePage: false,
    }),
    direct: await render({ services: direct }),
  };
}

/** An entry of `services` in the stack's file. */
interface Service {
  readonly name: string;
  readonly connectionProxy?: object;
}

/** The workloads that are not a proxy of another one. */
export function withoutProxies<Workload extends { readonly name: string }>(
  workloads: readonly Workload[],
): Workload[] {
  const proxies = new Set(workloads.map(({ name }) => proxyName(name)));
  return workloads.filter(({ name }) => !proxies.has(name));
}
