import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Service, Snapshot } from "../snapshot";
import { patch, title } from "../subjects";

/**
 * The in-tree AWS controller answers "unsupported load balancer affinity: ClientIP" and never creates the load balancer. The AWS
 * Load Balancer Controller ignores the field for its outer connections.
 */
export const loadBalancerAffinity: Check = {
  name: "load-balancer-affinity",
  title: "Load balancers are not blocked by ClientIP, and preserve clients' addresses",
  needs: ["services"],
  judge: (snapshot) =>
    snapshot.objects.services
      .filter(({ spec }) => spec?.type === "LoadBalancer")
      .map((service) => judge(snapshot, service)),
};

function judge(snapshot: Snapshot, service: Service): Finding {
  const subject = title("Service", service);
  const name = service.metadata?.name ?? "";
  const { sessionAffinity = "None", loadBalancerClass, externalTrafficPolicy } = service.spec ?? {};
  const addresses = (service.status?.loadBalancer?.ingress ?? []).flatMap(
    ({ hostname, ip }) => hostname ?? ip ?? [],
  );
  const evidence = [
    `spec.sessionAffinity: ${sessionAffinity}`,
    `spec.loadBalancerClass: ${loadBalancerClass ?? "none"}`,
    `status.loadBalancer: ${addresses.join(", ") || "no address"}`,
  ].join("; ");
  const why =
    "cloud controllers refuse or ignore ClientIP on a load balancer, so it stays pending or clients are spread by chance";
  const fix = `give the load balancer a Service of its own (holdfast:edge) and take this one back: ${patch(
    snapshot,
    "service",
    name,
    { spec: { type: "ClusterIP" } },
  )}`;
  if (sessionAffinity === "ClientIP") {
    return addresses.length === 0
      ? fail(subject, { what: "a load balancer with ClientIP affinity is pending", evidence, why, fix })
      : warn(subject, { what: "a load balancer's Service has ClientIP affinity", evidence, why, fix });
  }
  if (addresses.length === 0) {
    return fail(subject, {
      what: "the load balancer has no address",
      evidence,
      why: "nobody can connect from outside; no controller handles it, or the controller failed",
      fix: `kubectl -n ${snapshot.config.namespace.name} describe service ${name} (its events show why)`,
    });
  }
  if (externalTrafficPolicy !== "Local" && loadBalancerClass === undefined) {
    return warn(subject, {
      what: "the load balancer hides the clients' addresses",
      evidence: `spec.externalTrafficPolicy: ${externalTrafficPolicy ?? "Cluster"}`,
      why: "all clients that arrive through one node have one address, and ClientIP sends them to one pod",
      fix: patch(snapshot, "service", name, { spec: { externalTrafficPolicy: "Local" } }),
    });
  }
  return ok(subject, "has an address and leaves affinity to others", evidence);
}
