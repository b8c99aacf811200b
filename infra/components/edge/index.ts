import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { AffinityConfig } from "../../schema";
import type { Fault } from "../../fault";
import type { Edge, EdgeArgs, EdgeContext, EdgeTraits } from "./edge";
import { nginxSchema, nginxTraits, NginxEdge, type NginxConfig } from "./nginx";
import { albFaults, albSchema, albTraits, AlbEdge, type AlbConfig } from "./alb";
import { gatewayFaults, gatewaySchema, gatewayTraits, GatewayEdge, type GatewayConfig } from "./gateway";
import { istioFaults, istioSchema, istioTraits, IstioEdge, type IstioConfig } from "./istio";
import { createNlbEdge, nlbFaults, nlbSchema, nlbTraits, type NlbConfig } from "./nlb";
import { noneSchema, noneTraits, NoneEdge, type NoneConfig } from "./none";

export type { AffinityCookie, Edge, EdgeArgs, EdgeTraits } from "./edge";

/** Every kind of edge; a new one is a file of the same shape and a line in each function here. */
const schemas = [noneSchema, nginxSchema, nlbSchema, albSchema, gatewaySchema, istioSchema] as const;

const kinds = schemas.map(({ shape }) => shape.kind.value);

export const edgeSchema = z.discriminatedUnion("kind", schemas, {
  error: `an object with one of the kinds ${kinds.join(", ")}`,
});

export type EdgeConfig = NoneConfig | NginxConfig | NlbConfig | AlbConfig | GatewayConfig | IstioConfig;

export function edgeTraits(config: EdgeConfig, affinity: AffinityConfig): EdgeTraits {
  switch (config.kind) {
    case "none":
      return noneTraits();
    case "nginx":
      return nginxTraits(config, affinity);
    case "nlb":
      return nlbTraits(config, affinity);
    case "alb":
      return albTraits(config);
    case "gateway":
      return gatewayTraits(config, affinity);
    case "istio":
      return istioTraits(config, affinity);
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
    case "alb":
      return albFaults(config, context);
    case "gateway":
      return gatewayFaults(config);
    case "istio":
      return istioFaults(config);
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
    case "alb":
      return new AlbEdge(name, { ...args, config }, opts);
    case "gateway":
      return new GatewayEdge(name, { ...args, config }, opts);
    case "istio":
      return new IstioEdge(name, { ...args, config }, opts);
  }
}
