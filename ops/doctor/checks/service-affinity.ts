import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Service, Snapshot } from "../snapshot";
import { patch, reapply, subjects, title } from "../subjects";

/** https://kubernetes.io/docs/reference/networking/virtual-ips/#session-affinity */
export const serviceAffinity: Check = {
  name: "service-affinity",
  title: "Services remember a client's address",
  needs: ["services"],
  judge: (snapshot) =>
    subjects(snapshot).flatMap(({ service }) => (service === undefined ? [] : [judge(snapshot, service)])),
};

function judge(snapshot: Snapshot, service: Service): Finding {
  const subject = title("Service", service);
  const { clientIpTimeoutSeconds } = snapshot.config.affinity;
  const wanted = {
    spec: {
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: clientIpTimeoutSeconds } },
    },
  };
  const fix = `${patch(snapshot, "service", service.metadata?.name ?? "", wanted)}, or ${reapply(snapshot)}`;
  const { sessionAffinity = "None", sessionAffinityConfig, trafficDistribution } = service.spec ?? {};
  if (sessionAffinity !== "ClientIP") {
    return fail(subject, {
      what: "the Service has no affinity",
      evidence: `spec.sessionAffinity: ${sessionAffinity}`,
      why: "a client that reconnects through the Service reaches a random pod, so long-polling and state in memory break",
      fix,
    });
  }
  if (trafficDistribution !== undefined) {
    return warn(subject, {
      what: "traffic distribution filters endpoints before affinity applies",
      evidence: `spec.trafficDistribution: ${trafficDistribution}`,
      why: "a client reaches another pod as soon as the endpoints of its zone change",
      fix: patch(snapshot, "service", service.metadata?.name ?? "", { spec: { trafficDistribution: null } }),
    });
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  const evidence = `spec.sessionAffinityConfig.clientIP.timeoutSeconds: ${seconds}`;
  if (seconds !== clientIpTimeoutSeconds) {
    return warn(subject, {
      what: "the Service's affinity timeout differs from the stack's",
      evidence: `${evidence}; holdfast:affinity.clientIpTimeoutSeconds: ${clientIpTimeoutSeconds}`,
      why: "the cluster does not run what was tested; a misspelt key (clientIPConfig) leaves Kubernetes' default, 10800",
      fix,
    });
  }
  return ok(subject, "remembers a client's address", `spec.sessionAffinity: ClientIP; ${evidence}`);
}
