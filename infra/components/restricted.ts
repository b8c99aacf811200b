import type * as k8s from "@pulumi/kubernetes";

/** The settings that Pod Security `restricted` requires, and a read-only root file system. */

/** For a pod whose files belong to one user, who is not root. */
export function restrictedPod(user: number): k8s.types.input.core.v1.PodSecurityContext {
  return {
    runAsNonRoot: true,
    // A number, because the kubelet cannot see whether a user's name means root.
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

export const restrictedContainer: k8s.types.input.core.v1.SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
