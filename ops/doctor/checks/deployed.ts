import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { isReady, reapply, subjects, title, type Subject } from "../subjects";

/** Checks that the objects exist; all other checks look at existing objects. */
export const deployed: Check = {
  name: "deployed",
  title: "All objects of the stack exist and are ready",
  needs: ["services", "deployments", "pods", "endpointSlices"],
  judge: (snapshot) => subjects(snapshot).map((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { name, service, deployment, pods }: Subject): Finding {
  const missing = [service === undefined && "Service", deployment === undefined && "Deployment"].filter(
    (kind) => kind !== false,
  );
  if (missing.length > 0 || deployment === undefined) {
    return fail(name, {
      what: `there is no ${missing.join(" and no ")} ${name}`,
      evidence: `namespace ${snapshot.config.namespace.name}`,
      why: "nobody can connect",
      fix: `npm run up -- --stack ${snapshot.stack}, or pass --namespace if the stack is in another one`,
    });
  }
  const ready = pods.filter(isReady).length;
  const addresses = readyAddresses(snapshot, name);
  const evidence = `${ready} of ${pods.length} pods ready, ${addresses} addresses behind the Service`;
  if (addresses === 0) {
    return fail(name, {
      what: "the Service has no ready pod",
      evidence,
      why: "every new connection is refused",
      fix: `kubectl -n ${snapshot.config.namespace.name} describe pods -l app.kubernetes.io/name=${name}; if they are ready, compare the Service's selector with their labels`,
    });
  }
  const wanted = deployment.spec?.replicas ?? 1;
  const { observedGeneration = 0, updatedReplicas = 0 } = deployment.status ?? {};
  const stale = observedGeneration < (deployment.metadata?.generation ?? 0) || updatedReplicas < wanted;
  const stuck = deployment.status?.conditions?.find(
    ({ type, status }) => type === "Progressing" && status === "False",
  );
  if (stuck !== undefined || ready < wanted) {
    return warn(title("Deployment", deployment), {
      what: stuck === undefined ? "not every pod is ready" : "its rollout makes no progress",
      evidence: `${evidence}; wanted ${wanted}${stuck === undefined ? "" : `; ${stuck.message ?? ""}`}`,
      why: "the ready pods carry all clients, and a rollout waits for the others",
      fix: `kubectl -n ${snapshot.config.namespace.name} describe pods -l app.kubernetes.io/name=${name}`,
    });
  }
  if (stale) {
    return warn(title("Deployment", deployment), {
      what: "a rollout is in progress",
      evidence: `${updatedReplicas} of ${wanted} pods are of the newest revision`,
      why: "other findings may concern pods that are about to end",
      fix: `npm run status -- --stack ${snapshot.stack}; run the doctor again when it is over, or ${reapply(snapshot)}`,
    });
  }
  return ok(name, "deployed and ready", evidence);
}

function readyAddresses({ objects }: Snapshot, service: string): number {
  const slices = objects.endpointSlices.filter(
    ({ metadata }) => metadata?.labels?.["kubernetes.io/service-name"] === service,
  );
  // An empty slice has null here.
  const endpoints = slices.flatMap((slice) => (slice.endpoints as typeof slice.endpoints | null) ?? []);
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
  return new Set(ready.flatMap(({ addresses }) => addresses)).size;
}
