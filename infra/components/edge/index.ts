import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { AffinityConfig } from "../../schema";
import type { Fault } from "../../fault";
import type { Edge, EdgeArgs, EdgeContext, EdgeTraits } from "./edge";
import { nginxSchema, nginxTraits, NginxEdge, type NginxConfig } from "./nginx";
import { createNlbEdge, nlbFaults, nlbSchema, nlbTraits, type NlbConfig } from "./nlb";
import { noneSchema, noneTraits, NoneEdge, type NoneConfig } from "./none";

export type { AffinityCookie, Edge, EdgeArgs, EdgeTraits } from "./edge";

/** Every kind of edge; a new one is a file of the same shape and a line in each function here. */
export const edgeSchema = z.discriminatedUnion("kind", [noneSchema, nginxSchema, nlbSchema], {
  error: "{ kind: none }, { kind: nginx, … } or { kind: nlb, … }",
});

export type EdgeConfig = NoneConfig | NginxConfig | NlbConfig;

export function edgeTraits(config: EdgeConfig, affinity: AffinityConfig): EdgeTraits {
  switch (config.kind) {
    case "none":
      return noneTraits();
    case "nginx":
      return nginxTraits(config, affinity);
    case "nlb":
      return nlbTraits(config, affinity);
  }
}

/** What of an edge's configuration cannot be, beside the law of times. */
export function edgeFaults(config: EdgeConfig, context: EdgeContext): Fault[] {
  switch (config.kind) {
    case "none":
    case "nginx":
      return [];
    case "nlb":
      return nlbFaults(config, context);
  }
}

export function createEdge(
  name: string,
  args: EdgeArgs<EdgeConfig>,
  opts?: pulumi.ComponentResourceOptions,
): Edge & pulumi.Resource {
  const { config } = args;
  switch (config.kind) {
    case "none":
      return new NoneEdge(name, { ...args, config }, opts);
    case "nginx":
      return new NginxEdge(name, { ...args, config }, opts);
    case "nlb":
      return createNlbEdge(name, { ...args, config }, opts);
  }
}
