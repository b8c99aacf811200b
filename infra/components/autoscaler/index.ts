import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Fault } from "../../fault";
import type { AutoscalerArgs, Scaling } from "./autoscaler";
import {
  createHorizontalAutoscaler,
  externalSchema,
  podsSchema,
  type ExternalConfig,
  type PodsConfig,
} from "./horizontal";
import { createScaledObject, kedaFaults, kedaSchema, type KedaConfig } from "./keda";

/** Who counts sockets for the autoscalers of a stack's services and proxies. */
export const autoscalerSchema = z.discriminatedUnion("kind", [podsSchema, externalSchema, kedaSchema], {
  error: "{ kind: pods }, { kind: external, … } or { kind: keda, … }",
});

export type AutoscalerConfig = PodsConfig | ExternalConfig | KedaConfig;

/** Owns the number of a workload's pods. */
export interface Autoscaling extends Scaling {
  /** Who counts the sockets. */
  readonly counter: AutoscalerConfig;
}

/** What of an autoscaler's configuration cannot be; see {@link kedaFaults}. */
export function autoscalerFaults(
  config: AutoscalerConfig,
  workloads: Parameters<typeof kedaFaults>[1],
): Fault[] {
  return config.kind === "keda" ? kedaFaults(config, workloads) : [];
}

export function createAutoscaler(
  name: string,
  { counter, ...args }: Omit<AutoscalerArgs<AutoscalerConfig>, "config"> & Autoscaling,
  opts: pulumi.CustomResourceOptions,
): void {
  if (counter.kind === "keda") createScaledObject(name, { ...args, config: counter }, opts);
  else createHorizontalAutoscaler(name, { ...args, config: counter }, opts);
}
