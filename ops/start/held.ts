import { holderName } from "../../infra/components/holder-names";
import type { ServiceConfig } from "../../infra/config";
import { stackConfig } from "../kubernetes/stack-in-cluster";
import type { Manifest } from "../local/manifest";
import { renderStack } from "../render/render";
import type { Overrides, SecretOf } from "../render/stack-config";
import { omit } from "./omit";

/** Pods of each holder where the stack's configuration asks for none. */
const replicas = 2;

/** The manifests of a stack once with a holder in front of each of its services, once with none, whatever it asks for. */
export async function withAndWithoutHolders(
  stack: string,
  secrets: SecretOf,
): Promise<{ readonly held: readonly Manifest[]; readonly direct: readonly Manifest[] }> {
  const { services } = await stackConfig({ stack });
  const render = (overrides: Overrides) => renderStack(stack, { secrets, overrides });
  return {
    // A holder passes on sockets alone, so there is no page behind it.
    held: await render({
      services: services.map((service) => ({ ...asked(service), holder: holderAsked(service) })),
      servePage: false,
    }),
    direct: await render({ services: services.map(asked) }),
  };
}

/** A service as configuration asks for it, without its holder: the inverse of what reading the configuration fills in. */
function asked({ scale, ...service }: ServiceConfig): object {
  return {
    ...omit(service, "holder"),
    ...(typeof scale === "number" ? { replicas: scale } : { autoscaling: scale }),
  };
}

function holderAsked({ holder }: ServiceConfig): object {
  return holder ? omit(holder, "scale", "drain") : { replicas };
}

/** Of these workloads those that are no holder of another. */
export function withoutHolders<Workload extends { readonly name: string }>(
  workloads: readonly Workload[],
): Workload[] {
  const holders = new Set(workloads.map(({ name }) => holderName(name)));
  return workloads.filter(({ name }) => !holders.has(name));
}
