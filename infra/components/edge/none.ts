import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ports } from "../../ports";
import { object } from "../../values";
import { socketUrls, usualTraits, type Edge, type EdgeArgs, type EdgeTraits } from "./edge";

export const noneSchema = object({ kind: z.literal("none") });

export type NoneConfig = z.infer<typeof noneSchema>;

export function noneTraits(): EdgeTraits {
  return { ...usualTraits, scheme: "ws", cookie: () => undefined, idleTimeouts: [], callers: [] };
}

/**
 * No edge: clients are in the cluster and connect to the Service, whose ClientIP affinity keeps them on a pod.
 * Creates nothing.
 */
export class NoneEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, args: EdgeArgs<NoneConfig>, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:infra:NoneEdge", name, {}, opts);
    this.urls = socketUrls(
      args.backends,
      (backend) => pulumi.interpolate`ws://${backend.serviceName}.${args.namespace}.svc:${ports.http}`,
    );
    this.registerOutputs({ urls: this.urls });
  }
}
