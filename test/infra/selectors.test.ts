import { selects } from "../../infra/policy/workload";
import type { KubernetesObject } from "../../ops/render/kubernetes-object";
import { rendered } from "./rendered";

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly topologySpreadConstraints?: readonly { readonly labelSelector: object }[] };
}

/** Every selector of pods in the objects of a stack, with the object's name. */
function selectorsOf(objects: readonly KubernetesObject[]) {
  return objects.flatMap(({ kind, metadata, ...object }) => {
    const { spec = {} } = object as { spec?: Record<string, unknown> };
    const title = `${kind} ${metadata.name}`;
    switch (kind) {
      case "Service":
        return [{ title, selector: { matchLabels: spec.selector as Record<string, string> } }];
      case "NetworkPolicy": {
        const rules = [...((spec.ingress ?? []) as Rule[]), ...((spec.egress ?? []) as Rule[])];
        const inNamespace = rules.flatMap(({ from = [], to = [] }) =>
          [...from, ...to].filter((peer) => peer.namespaceSelector === undefined && peer.podSelector),
        );
        return [
          { title, selector: spec.podSelector as object },
          ...inNamespace.map(({ podSelector }) => ({ title: `${title} peer`, selector: podSelector ?? {} })),
        ];
      }
      case "Deployment":
      case "StatefulSet": {
        const { topologySpreadConstraints = [] } = (spec.template as PodTemplate).spec;
        return [
          { title, selector: spec.selector as object },
          ...topologySpreadConstraints.map(({ labelSelector }) => ({ title, selector: labelSelector })),
        ];
      }
      case "PodDisruptionBudget":
      case "PodMonitor":
        return [{ title, selector: spec.selector as object }];
      default:
        return [];
    }
  });
}

interface Peer {
  readonly namespaceSelector?: object;
  readonly podSelector?: object;
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
}

/** They select all pods of the namespace on purpose, or pods of cert-manager. */
const others = ["NetworkPolicy default-deny", "NetworkPolicy http01-challenges"];

test.each(["local", "nginx-proxy", "nlb-pods-redis"])(
  "no selector of %s selects a pod of somebody else with the same name, and each selects a pod of the stack",
  async (stack) => {
    const objects = await rendered(stack, { monitoring: { kind: "prometheus-operator" } });
    const own = objects
      .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
      .map(
        (object) => (object as unknown as { spec: { template: PodTemplate } }).spec.template.metadata.labels,
      );
    const foreign = own.map((labels) => ({ ...labels, "app.kubernetes.io/part-of": "chart" }));
    const selectors = selectorsOf(objects).filter(({ title }) => !others.includes(title));
    expect(selectors.length).toBeGreaterThan(15);
    const titles = (pods: readonly Readonly<Record<string, string>>[]) =>
      selectors.flatMap(({ title, selector }) => (pods.some((pod) => selects(selector, pod)) ? [title] : []));
    expect(titles(foreign)).toEqual([]);
    expect(titles(own)).toEqual(selectors.map(({ title }) => title));
  },
);
