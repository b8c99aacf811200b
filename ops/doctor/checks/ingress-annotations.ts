import type { Check } from "../check";
import { fail, ok, type Finding } from "../finding";
import { ignoredAnnotations } from "../nginx-annotations";
import type { Ingress, Snapshot } from "../snapshot";
import { title } from "../subjects";

export const ingressAnnotations: Check = {
  name: "ingress-annotations",
  title: "Controllers read every annotation of the Ingresses",
  needs: ["ingresses"],
  judge: (snapshot) => snapshot.objects.ingresses.map((ingress) => judge(snapshot, ingress)),
};

function judge({ config }: Snapshot, ingress: Ingress): Finding {
  const subject = title("Ingress", ingress);
  const { name = "", annotations = {} } = ingress.metadata ?? {};
  const ignored = ignoredAnnotations(annotations);
  if (ignored.length === 0) {
    return ok(subject, "has no annotation that is ignored", `${Object.keys(annotations).length} annotations`);
  }
  return fail(subject, {
    what: `${ignored.length === 1 ? "an annotation is" : `${ignored.length} annotations are`} silently ignored`,
    evidence: ignored.map((each) => `${each.name} (${each.hint})`).join("; "),
    why: "the controller uses its default instead: no affinity, or a timeout of a minute",
    fix: `kubectl -n ${config.namespace.name} annotate ingress ${name} ${ignored.map((each) => `${each.name}-`).join(" ")}`,
  });
}
