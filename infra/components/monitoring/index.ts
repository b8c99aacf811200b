import type * as pulumi from "@pulumi/pulumi";
import { withoutKind } from "../flat-args";
import { Monitoring, type MonitoringArgs } from "./monitoring";
import type { MonitoringConfig } from "./schema";

export function createMonitoring(
  name: string,
  {
    config,
    ...args
  }: Pick<MonitoringArgs, "namespace" | "namespaceName" | "services" | "otherServices"> & {
    readonly config: MonitoringConfig;
  },
  opts?: pulumi.ComponentResourceOptions,
): void {
  if (config.kind === "prometheus-operator") {
    new Monitoring(name, { ...withoutKind(config), ...args, objectName: "holdfast" }, opts);
  }
}
