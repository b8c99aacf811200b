import type * as pulumi from "@pulumi/pulumi";
import type { Protocol } from "../../protocol";
import type { PreStopHook } from "../websocket-service";

export interface ExistingServiceArgs {
  /** Of both. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** Names of the objects. Default: the resource's name. */
  readonly deploymentName?: string | undefined;
  readonly serviceName?: string | undefined;
  /** The container that gets the preStop hook. Default: the resource's name. */
  readonly containerName?: string | undefined;
  /** Of the Service. Default: its first port. */
  readonly port?: number | undefined;
  /** Path prefix at the edge. Default `/`. */
  readonly path?: string | undefined;
  /** What the service speaks. Default `websocket`. */
  readonly protocol?: Protocol | undefined;
  /** Default `sleep`. */
  readonly preStop?: PreStopHook | undefined;
  /** Seconds; see WebSocketServiceArgs. */
  readonly preStopSeconds?: pulumi.Input<number> | undefined;
  readonly drainSeconds?: pulumi.Input<number> | undefined;
  readonly gracePeriodSeconds?: pulumi.Input<number> | undefined;
  /** Pods that a rollout adds at once. Default 1. */
  readonly maxSurge?: number | string | undefined;
  /** How long a new pod must stay ready. Seconds; default 10. */
  readonly minReadySeconds?: number | undefined;
  /** Seconds; default 10800. */
  readonly clientIpTimeoutSeconds?: number | undefined;
  /** Whether a PodDisruptionBudget is made. Default true; false where the pods have one, since two block every eviction. */
  readonly disruptionBudget?: boolean | undefined;
  /** Takes fields that have another owner and another value. Default false: they are an error. */
  readonly force?: boolean | undefined;
}
