import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { withoutKind } from "../flat-args";
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
  {
    config,
    ...args
  }: Pick<MonitoringArgs, "namespace" | "namespaceName" | "services"> & { readonly config: MonitoringConfig },
  opts?: pulumi.ComponentResourceOptions,
): void {
  if (config.kind === "prometheus-operator") {
    new Monitoring(name, { ...withoutKind(config), ...args, objectName: "holdfast" }, opts);
  }
}
