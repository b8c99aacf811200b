import type { Ingress, Manifest, Service } from "../local/manifest";
import { omit } from "./omit";

/** The same objects, but neither Services nor Ingresses keep a client on its pod. */
export function withoutAffinity(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.map((object) => {
    if (object.kind === "Service") return unboundService(object);
    if (object.kind === "Ingress") return unboundIngress(object);
    return object;
  });
}

function unboundService(service: Manifest & Service): Manifest & Service {
  return { ...service, spec: omit(service.spec ?? {}, "sessionAffinity", "sessionAffinityConfig") };
}

/** The annotations of ingress-nginx that have to do with affinity, and no other. */
function unboundIngress(ingress: Manifest & Ingress): Manifest & Ingress {
  const affinity = /^nginx\.ingress\.kubernetes\.io\/(affinity|session-cookie-)/;
  const kept = Object.entries(ingress.metadata.annotations ?? {}).filter(([key]) => !affinity.test(key));
  return { ...ingress, metadata: { ...ingress.metadata, annotations: Object.fromEntries(kept) } };
}
