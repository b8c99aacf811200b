import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConfigIssue } from "../../config/issue";
import type { AutoscalerArgs, Scaling } from "./autoscaler";
import {
  createHorizontalAutoscaler,
  externalSchema,
  podsSchema,
  type ExternalConfig,
  type PodsConfig,
} from "./horizontal";
import { createScaledObject, kedaIssues, kedaSchema, type KedaConfig } from "./keda";

/** Who counts sockets for the autoscalers of a stack's services and proxies. */
export const autoscalerSchema = z.discriminatedUnion("kind", [podsSchema, externalSchema, kedaSchema], {
  error: "{ kind: pods }, { kind: external, … } or { kind: keda, … }",
});

export type AutoscalerConfig = PodsConfig | ExternalConfig | KedaConfig;

/** Owns the number of a workload's pods. */
export interface Autoscaling extends Scaling {
  /** Who counts the sockets. */
  readonly metricsSource: AutoscalerConfig;
  /** The gauge of each pod's open sockets; the component's own unless given. */
  readonly metric?: string | undefined;
}

/** What of an autoscaler's configuration cannot be; see {@link kedaIssues}. */
export function autoscalerIssues(
  config: AutoscalerConfig,
  workloads: Parameters<typeof kedaIssues>[1],
): ConfigIssue[] {
  return config.kind === "keda" ? kedaIssues(config, workloads) : [];
}

export function createAutoscaler(
  name: string,
  args: Omit<AutoscalerArgs<AutoscalerConfig>, "config"> & Autoscaling,
  opts: pulumi.CustomResourceOptions,
): void {
  const { metricsSource, namespace, workload, gauge, minReplicas, maxReplicas, connectionsPerPod } = args;
  const common = { namespace, workload, gauge, minReplicas, maxReplicas, connectionsPerPod };
  if (metricsSource.kind === "keda") createScaledObject(name, { ...common, config: metricsSource }, opts);
  else createHorizontalAutoscaler(name, { ...common, config: metricsSource }, opts);
}
