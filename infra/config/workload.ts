import { z } from "zod";
import { cpuQuantity, memoryQuantity, object, text, int } from "./values";

/** What services and their connection proxies are configured by alike. */

export const resourcesSchema = object({
  /** Requested processors. There is no limit: throttling shows as latency of every socket of the pod. */
  cpu: cpuQuantity.default("250m"),
  /** Requested memory and its limit: sockets are memory, so it is never overcommitted. */
  memory: memoryQuantity.default("512Mi"),
});

/** Owns the number of replicas, by open sockets and never by CPU: idle sockets cost memory, not CPU. */
export const autoscalingSchema = object({
  /** Never fewer pods. */
  minReplicas: int(1, 1_000),
  /** Never more pods. */
  maxReplicas: int(1, 1_000),
  /** Open sockets a pod that the autoscaler aims for. */
  connectionsPerPod: int(1, 1_000_000),
  /** The gauge of open sockets that your image exports on `ports.metrics`. Defaults to websocket_connections_active. */
  metric: text(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "the name of a metric").optional(),
});

export const rolloutSchema = object({
  /**
   * Pods that a rollout adds at once, beyond `replicas`. Defaults to 1. With 100% every client moves once, because no
   * old pod is left to move to, at the price of twice the capacity while the rollout lasts.
   */
  maxSurge: z
    .union([int(1, 1_000), text(/^([1-9]\d?|100)%$/, "a percentage from 1% to 100%")], {
      error: "a number of pods, or a percentage from 1% to 100%",
    })
    .optional(),
});
