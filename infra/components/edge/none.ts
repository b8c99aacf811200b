import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ports } from "../../ports";
import { object } from "../../config/values";
import { socketUrls, defaultEdgeProperties, type Edge, type EdgeArgs, type EdgeProperties } from "./edge";

export const noneSchema = object({ kind: z.literal("none") });

export type NoneConfig = z.infer<typeof noneSchema>;

export function noneProperties(): EdgeProperties {
  return {
    ...defaultEdgeProperties,
    scheme: "ws",
    cookie: () => undefined,
    idleTimeouts: [],
    ingressSources: [],
  };
}

/**
 * No edge: clients are in the cluster and connect to the Service, whose ClientIP affinity keeps them on a pod.
 * Creates nothing.
 */
export class NoneEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, args: EdgeArgs<NoneConfig>, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:NoneEdge", name, {}, opts);
    this.urls = socketUrls(
      args.backends,
      (backend) =>
        pulumi.interpolate`ws://${backend.serviceName}.${args.namespace}.svc:${backend.port ?? ports.http}`,
    );
    this.registerOutputs({ urls: this.urls });
  }
}
