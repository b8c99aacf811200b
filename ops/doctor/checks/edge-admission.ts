import { BlockList, isIP, isIPv6 } from "node:net";
import { namespaceNameLabel, selectorLabels, componentLabels } from "../../../infra/labels";
import { ports } from "../../../infra/ports";
import type { Check } from "../check";
import { controllers, type Controller } from "../controllers";
import { fail, ok } from "../finding";
import { selects } from "../../../infra/policy/workload";
import type { NetworkPolicy, Snapshot } from "../snapshot";
import { ingressEdge, subjects } from "../subjects";

/** If the NetworkPolicy does not allow the controller's pods, every client gets 504. */
export const edgeAdmission: Check = {
  name: "edge-admission",
  title: "NetworkPolicies allow the edge",
  needs: ["networkPolicies", "controllerPods", "namespaces", "ingresses"],
  judge: (snapshot) => {
    const edges = controllers(snapshot).filter(({ kind }) => kind.readsNginxAnnotations !== false);
    if (ingressEdge(snapshot.config) === undefined || edges.length === 0) return [];
    return subjects(snapshot).map(({ name }) => {
      const labels = { ...selectorLabels(name), ...componentLabels("websocket-service") };
      const policies = snapshot.objects.networkPolicies.filter(
        ({ spec }) =>
          selects(spec?.podSelector, labels) && (spec?.policyTypes ?? ["Ingress"]).includes("Ingress"),
      );
      const where = edges.map(({ kind, namespace }) => `${kind.name} in namespace ${namespace}`).join(", ");
      if (policies.length === 0) return ok(name, "no NetworkPolicy keeps the edge out", where);
      const shut = edges.filter((edge) => !policies.some((policy) => admits(policy, edge, snapshot)));
      const names = policies.map(({ metadata }) => metadata?.name ?? "").join(", ");
      if (shut.length < edges.length) return ok(name, "NetworkPolicies allow the edge", `${where}; ${names}`);
      return fail(name, {
        what: "no NetworkPolicy allows the edge",
        evidence: `${where}; policies on its pods: ${names}`,
        why: "the edge cannot reach the pods: clients wait, then get 502 or 504",
        fix: `holdfast:network: { edge: [{ namespaceLabels: { ${namespaceNameLabel}: ${shut[0]?.namespace ?? ""} } }] } in Pulumi.${snapshot.stack}.yaml, then npm run up -- --stack ${snapshot.stack}`,
      });
    });
  },
};

function contains(cidr: string, address: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  if (isIP(address) === 0 || isIPv6(address) !== isIPv6(network)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}

function admits({ spec }: NetworkPolicy, { namespace, pods }: Controller, { objects }: Snapshot): boolean {
  const labels =
    objects.namespaces.find(({ metadata }) => metadata?.name === namespace)?.metadata?.labels ?? {};
  return (spec?.ingress ?? []).some((rule) => {
    const open = rule.ports?.some(({ port }) => port === ports.http || port === "http") ?? true;
    const known =
      rule.from?.some(({ namespaceSelector, podSelector, ipBlock }) =>
        ipBlock === undefined
          ? selects(namespaceSelector, labels) &&
            (podSelector === undefined ||
              pods.some(({ metadata }) => selects(podSelector, metadata?.labels ?? {})))
          : pods.some(({ status }) => contains(ipBlock.cidr, status?.podIP ?? "")),
      ) ?? true;
    return open && known;
  });
}
