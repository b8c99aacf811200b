import { z } from "zod";
import { cpuQuantity, int, labels, list, manifest, memoryQuantity, object, text } from "./values";

/** Configuration that services, connection proxies and the session store share. */

/** Where pods run, such as on tainted nodes or on nodes of one architecture. */
export const placement = {
  /** Labels of the nodes that the pods may run on. */
  nodeSelector: labels.optional(),
  /** Taints that the pods tolerate, as in a pod's spec. */
  tolerations: list(manifest, "tolerations, as in a pod's spec").default([]),
};

export const resourcesSchema = object({
  /** Requested CPU. There is no CPU limit, because throttling delays every socket of the pod. */
  cpu: cpuQuantity.default("250m"),
  /** Requested memory, which is also the limit: sockets use memory, so it is never overcommitted. */
  memory: memoryQuantity.default("512Mi"),
});

/** Scales by open sockets, not by CPU, because idle sockets use memory but no CPU. */
export const autoscalingSchema = object({
  /** Minimum number of pods. */
  minReplicas: int(1, 1_000),
  /** Maximum number of pods. */
  maxReplicas: int(1, 1_000),
  /** Open sockets of each pod that the autoscaler aims for. */
  connectionsPerPod: int(1, 1_000_000),
  /** The gauge of open sockets that your image exports on `ports.metrics`. Defaults to websocket_connections_active. */
  metric: text(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "the name of a metric").optional(),
});

export const rolloutSchema = object({
  /**
   * Pods that a rollout adds at once, in addition to `replicas`. Defaults to 1. With 100% every client moves only once,
   * because no old pod is left to move to, but the rollout needs twice the capacity.
   */
  maxSurge: z
    .union([int(1, 1_000), text(/^([1-9]\d?|100)%$/, "a percentage from 1% to 100%")], {
      error: "a number of pods, or a percentage from 1% to 100%",
    })
    .optional(),
});
