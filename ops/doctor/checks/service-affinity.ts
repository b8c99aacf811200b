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
      why: "a client that reconnects by the Service meets any pod, so long-polling fallbacks and state in memory break",
      fix,
    });
  }
  if (trafficDistribution !== undefined) {
    return warn(subject, {
      what: "traffic distribution chooses endpoints before affinity does",
      evidence: `spec.trafficDistribution: ${trafficDistribution}`,
      why: "a client meets another pod as soon as the endpoints of its zone change",
      fix: patch(snapshot, "service", service.metadata?.name ?? "", { spec: { trafficDistribution: null } }),
    });
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  const evidence = `spec.sessionAffinityConfig.clientIP.timeoutSeconds: ${seconds}`;
  if (seconds !== clientIpTimeoutSeconds) {
    return warn(subject, {
      what: "the Service forgets addresses after another time than the stack says",
      evidence: `${evidence}; holdfast:affinity.clientIpTimeoutSeconds: ${clientIpTimeoutSeconds}`,
      why: "what was tested is not what runs; a misspelt key (clientIPConfig) leaves Kubernetes' 10800",
      fix,
    });
  }
  return ok(subject, "remembers a client's address", `spec.sessionAffinity: ClientIP; ${evidence}`);
}
