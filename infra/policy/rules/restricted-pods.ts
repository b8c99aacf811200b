import type { PartialDeep } from "../resource";
import type * as k8s from "@kubernetes/client-node";
import { rule } from "../rule";
import { containers, workloads, type ContainerOf, type Workload } from "../workload";

export const restrictedPods = rule({
  name: "restricted-pods",
  summary: "Every pod meets Pod Security restricted.",
  why: "An attacker who takes over a process must not reach the node or other pods.",
  severity: "high",
  fix: "see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
  scope: "resource",
  *subjects(resource) {
    for (const workload of workloads(resource)) yield () => podFindings(workload);
    for (const container of containers(resource)) yield () => containerFindings(container);
  },
  *check(findings) {
    for (const { what, fix } of findings()) yield { actual: what, fix };
  },
});

interface Breach {
  readonly what: string;
  readonly fix: string;
}

function* podFindings({ pod: { spec } }: Workload): Iterable<Breach> {
  for (const field of ["hostNetwork", "hostPID", "hostIPC"] as const) {
    if (spec[field] === true) yield { what: `${field} is true`, fix: `remove ${field}` };
  }
  for (const { name, hostPath } of spec.volumes ?? []) {
    if (hostPath !== undefined) {
      yield {
        what: `volume ${name} is a hostPath`,
        fix: "use an emptyDir, a ConfigMap, a Secret or a claim",
      };
    }
  }
}

function* containerFindings({ container, pod }: ContainerOf): Iterable<Breach> {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const at = `container ${container.name}`;
  if (own.privileged === true)
    yield { what: `${at} is privileged`, fix: "remove securityContext.privileged" };
  if (own.allowPrivilegeEscalation !== false) {
    yield { what: `${at} may gain privileges`, fix: "set securityContext.allowPrivilegeEscalation: false" };
  }
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) !== true) {
    yield { what: `${at} may run as root`, fix: "set securityContext.runAsNonRoot: true" };
  }
  if ((own.runAsUser ?? shared.runAsUser) === 0) {
    yield { what: `${at} runs as user 0`, fix: "set securityContext.runAsUser to another user" };
  }
  yield* capabilityFindings(at, own.capabilities ?? {});
  const profile = (own.seccompProfile ?? shared.seccompProfile)?.type;
  if (profile !== "RuntimeDefault" && profile !== "Localhost") {
    yield {
      what: `${at} has the seccomp profile ${profile ?? "of nobody"}`,
      fix: "set securityContext.seccompProfile: { type: RuntimeDefault }",
    };
  }
  for (const { containerPort, hostPort = 0 } of container.ports ?? []) {
    if (hostPort !== 0)
      yield { what: `${at} takes port ${hostPort} of the node for ${containerPort}`, fix: "remove hostPort" };
  }
}

function* capabilityFindings(
  at: string,
  { drop = [], add = [] }: PartialDeep<k8s.V1Capabilities>,
): Iterable<Breach> {
  if (!drop.includes("ALL")) {
    yield { what: `${at} keeps capabilities`, fix: "set securityContext.capabilities: { drop: [ALL] }" };
  }
  const more = add.filter((one) => one !== "NET_BIND_SERVICE");
  if (more.length > 0) yield { what: `${at} adds ${more.join(", ")}`, fix: "remove capabilities.add" };
}
