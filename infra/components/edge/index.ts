import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { AffinityConfig } from "../../schema";
import type { Edge, EdgeArgs, EdgeTraits } from "./edge";
import { nginxSchema, nginxTraits, NginxEdge, type NginxConfig } from "./nginx";
import { noneSchema, noneTraits, NoneEdge, type NoneConfig } from "./none";

export type { AffinityCookie, Edge, EdgeArgs, EdgeTraits } from "./edge";

/** Every kind of edge; a new one is a file of the same shape and a line in each function here. */
export const edgeSchema = z.discriminatedUnion("kind", [noneSchema, nginxSchema], {
  error: "{ kind: none } or { kind: nginx, … }",
});

export type EdgeConfig = NoneConfig | NginxConfig;

export function edgeTraits(config: EdgeConfig, affinity: AffinityConfig): EdgeTraits {
  switch (config.kind) {
    case "none":
      return noneTraits();
    case "nginx":
      return nginxTraits(config, affinity);
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
  }
}
