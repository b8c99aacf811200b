import { elasticache } from "../elasticache";
import { asKind, type Resource } from "../resource";
import { rule } from "../rule";

/** Types of resources whose data cannot be restored after they are deleted. */
const holdsData: readonly string[] = [elasticache.replicationGroup, elasticache.globalReplicationGroup];

export const dataIsProtected = rule({
  name: "data-is-protected",
  summary: "In production, resources that hold data are protected from deletion.",
  why: "Renaming the resource or destroying the stack would delete every session.",
  severity: "critical",
  fix: "set the resource option protect: true",
  scope: "resource",
  byEnvironment: true,
  *subjects(resource: Resource, { environment }) {
    if (environment === "production") yield resource;
  },
  *check(resource) {
    if (holdsData.includes(resource.type) && resource.protect === false)
      yield { actual: "it is not protected" };
    const retention = asKind(resource, "StatefulSet")?.spec?.persistentVolumeClaimRetentionPolicy;
    for (const when of ["whenDeleted", "whenScaled"] as const) {
      if (retention?.[when] === "Delete") {
        yield {
          actual: `persistentVolumeClaimRetentionPolicy.${when} is Delete`,
          fix: "set it to Retain",
        };
      }
    }
  },
});
