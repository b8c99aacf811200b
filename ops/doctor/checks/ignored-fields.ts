import type { Check } from "../check";
import { ok, warn } from "../finding";
import type { Ingress, Service } from "../snapshot";
import { reapply, subjects, title } from "../subjects";

/** The object as passed to `kubectl apply`; the API server drops fields that it does not know. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The common example is `sessionAffinityConfig: { clientIPConfig: … }`, which is accepted and dropped without a message. */
export const ignoredFields: Check = {
  name: "ignored-fields",
  title: "The API server dropped no field",
  needs: ["services", "ingresses"],
  judge: (snapshot) =>
    subjects(snapshot)
      .flatMap(({ service, ingresses }) => [
        ...(service === undefined ? [] : [{ subject: title("Service", service), object: service }]),
        ...ingresses.map((ingress) => ({ subject: title("Ingress", ingress), object: ingress })),
      ])
      .flatMap(({ subject, object }) => {
        const applied = object.metadata?.annotations?.[lastApplied];
        if (applied === undefined) return [];
        const dropped = droppedFields(applied, object);
        if (dropped.length === 0)
          return [ok(subject, "has every field that was written", "by kubectl apply")];
        return [
          warn(subject, {
            what: "the API server dropped fields when it was applied",
            evidence: dropped.join(", "),
            why: "they are misspelt or belong to another kind, so they have never had an effect",
            fix: `kubectl explain ${subject.split(" ")[0]?.toLowerCase() ?? ""}.spec --recursive; kubectl apply --validate=strict refuses them; ${reapply(snapshot)}`,
          }),
        ];
      }),
};

function droppedFields(applied: string, live: Service | Ingress): string[] {
  try {
    return missing((JSON.parse(applied) as { spec?: unknown }).spec, live.spec, "spec");
  } catch {
    return []; // the annotation was written by hand
  }
}

/** Paths that exist in one tree and not in the other. Values are neither compared nor shown. */
function missing(wanted: unknown, found: unknown, path: string): string[] {
  if (typeof wanted !== "object" || wanted === null) return [];
  return Object.entries(wanted).flatMap(([key, value]) => {
    const at = Array.isArray(wanted) ? `${path}[${key}]` : `${path}.${key}`;
    if (value === null) return [];
    const there = (found as Record<string, unknown> | null | undefined)?.[key];
    return there === undefined ? [at] : missing(value, there, at);
  });
}
