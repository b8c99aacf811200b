import { podSecurity } from "../../../infra/annotations";
import { ask, type KubernetesClient } from "../../kubernetes/client";
import { killScript } from "./kill-script";
import { rehearsalLabel } from "./labels";
import type { UndoLog } from "./undo-log";
import type { PodHistory } from "./pod-history";
import { type WaitOptions, until } from "./until";

/**
 * Sends SIGKILL to the application of a pod from its node. Returns the time in milliseconds since the epoch, by the node's clock.
 * Only a pod that sees its node's processes can do this, and Pod Security `restricted` does not admit such a pod. So it gets its
 * own namespace, which exists during the rehearsal. Its user is the application's, not root.
 */
export async function killApplication(
  { core }: KubernetesClient,
  undoLog: UndoLog,
  victim: PodHistory,
  image: string,
  waitOptions: WaitOptions,
): Promise<number> {
  const namespace = `holdfast-rehearsal-${undoLog.id}`;
  const labels = { "app.kubernetes.io/part-of": "holdfast", [rehearsalLabel]: undoLog.id };
  const undo = { kind: "namespace", name: namespace } as const;
  await undoLog.write(undo);
  await ask(
    `create namespace ${namespace}`,
    core.createNamespace({
      body: { metadata: { name: namespace, labels: { ...labels, [podSecurity.enforce]: "privileged" } } },
    }),
  );
  const name = "killer";
  const container = {
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "-e", killScript, victim.containerId],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } },
  };
  await ask(
    "create the pod that kills (the cluster must admit a pod with hostPID)",
    core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name, labels },
        spec: {
          nodeName: victim.node,
          hostPID: true,
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          tolerations: [{ operator: "Exists" }],
          securityContext: {
            ...(victim.runAsUser !== undefined && { runAsUser: victim.runAsUser }),
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [container],
        },
      },
    }),
  );
  const phase = await until(`pod ${name} in ${namespace} has run`, waitOptions, async () => {
    const { status } = await ask(`read pod ${name}`, core.readNamespacedPod({ namespace, name }));
    return status?.phase === "Succeeded" || status?.phase === "Failed" ? status.phase : undefined;
  });
  const printed = await ask(`read the log of pod ${name}`, core.readNamespacedPodLog({ namespace, name }));
  if (phase === "Failed") throw new Error(`pod ${victim.name} could not be killed: ${printed.trim()}`);
  await undoLog.undo(undo);
  return Number(printed);
}
