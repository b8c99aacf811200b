import type * as pulumi from "@pulumi/pulumi";
import type { Protocol } from "../../protocol";
import type { PreStopHook } from "../websocket-service";

export interface ExistingServiceArgs {
  /** The namespace of both objects. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** The name of the Deployment. Defaults to the resource's name. */
  readonly deploymentName?: string | undefined;
  readonly serviceName?: string | undefined;
  /** The container that gets the preStop hook. Defaults to the resource's name. */
  readonly containerName?: string | undefined;
  /** The port of the Service. Defaults to its first port. */
  readonly port?: number | undefined;
  /** The path prefix at the edge. Default `/`. */
  readonly path?: string | undefined;
  /** The protocol of the service. Default `websocket`. */
  readonly protocol?: Protocol | undefined;
  /** Default `sleep`. */
  readonly preStop?: PreStopHook | undefined;
  /** Seconds; see WebSocketServiceArgs. */
  readonly preStopSeconds?: pulumi.Input<number> | undefined;
  readonly drainSeconds?: pulumi.Input<number> | undefined;
  readonly gracePeriodSeconds?: pulumi.Input<number> | undefined;
  /** How many pods a rollout adds at once. Default 1. */
  readonly maxSurge?: number | string | undefined;
  /** How long a new pod must stay ready. Seconds; default 10. */
  readonly minReadySeconds?: number | undefined;
  /** Seconds; default 10800. */
  readonly clientIpTimeoutSeconds?: number | undefined;
  /**
   * Creates a PodDisruptionBudget. Default true. Set it to false if the pods have one, because two budgets block every eviction.
   */
  readonly disruptionBudget?: boolean | undefined;
  /** Takes over fields that another owner has set to another value. Default false: they are an error. */
  readonly force?: boolean | undefined;
}
