import type { Ingress, Manifest, Service } from "../local/manifest";
import { omit } from "./omit";

/** The same objects, but without affinity in Services and Ingresses. */
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

/** Removes the affinity annotations of ingress-nginx, and keeps all others. */
function unboundIngress(ingress: Manifest & Ingress): Manifest & Ingress {
  const affinity = /^nginx\.ingress\.kubernetes\.io\/(affinity|session-cookie-)/;
  const kept = Object.entries(ingress.metadata.annotations ?? {}).filter(([key]) => !affinity.test(key));
  return { ...ingress, metadata: { ...ingress.metadata, annotations: Object.fromEntries(kept) } };
}
