import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { object } from "../../config/values";
import {
  Monitoring,
  prometheusOperatorSchema,
  type MonitoringArgs,
  type PrometheusOperatorConfig,
} from "./monitoring";

/** Nothing is created; `/metrics` is there all the same. For clusters without the operator's CRDs. */
const noneSchema = object({ kind: z.literal("none") });

export const monitoringSchema = z.discriminatedUnion("kind", [noneSchema, prometheusOperatorSchema], {
  error: "{ kind: none } or { kind: prometheus-operator, … }",
});

export type MonitoringConfig = z.infer<typeof noneSchema> | PrometheusOperatorConfig;

export function createMonitoring(
  name: string,
  args: Omit<MonitoringArgs, "config"> & { readonly config: MonitoringConfig },
  opts?: pulumi.ComponentResourceOptions,
): void {
  const { config } = args;
  if (config.kind === "prometheus-operator") new Monitoring(name, { ...args, config }, opts);
}
