import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { AffinityConfig } from "../../config/affinity";
import type { ConfigIssue } from "../../config/issue";
import type { Edge, EdgeArgs, EdgeContext, EdgeProperties } from "./edge";
import { nginxProperties, NginxEdge } from "./nginx/component";
import { nginxSchema, type NginxConfig } from "./nginx/schema";
import { albIssues, albSchema, albProperties, AlbEdge, type AlbConfig } from "./alb/component";
import {
  gatewayIssues,
  gatewaySchema,
  gatewayProperties,
  GatewayEdge,
  type GatewayConfig,
} from "./gateway/component";
import { istioIssues, istioSchema, istioProperties, IstioEdge, type IstioConfig } from "./istio/component";
import { flatEdgeArgs } from "./args";
import { NlbEdge, nlbIssues, nlbSchema, nlbProperties, type NlbConfig } from "./nlb/component";
import { noneSchema, noneProperties, NoneEdge, type NoneConfig } from "./none/component";

export type { AffinityCookie, Edge, EdgeArgs, EdgeBackend, EdgeProperties } from "./edge";

/** Every kind of edge; a new one is a file of the same shape and a line in each function here. */
const schemas = [noneSchema, nginxSchema, nlbSchema, albSchema, gatewaySchema, istioSchema] as const;

const kinds = schemas.map(({ shape }) => shape.kind.value);

export const edgeSchema = z.discriminatedUnion("kind", schemas, {
  error: `an object with one of the kinds ${kinds.join(", ")}`,
});

export type EdgeConfig = NoneConfig | NginxConfig | NlbConfig | AlbConfig | GatewayConfig | IstioConfig;

export function edgeProperties(config: EdgeConfig, affinity: AffinityConfig): EdgeProperties {
  switch (config.kind) {
    case "none":
      return noneProperties();
    case "nginx":
      return nginxProperties(config, affinity);
    case "nlb":
      return nlbProperties(config, affinity);
    case "alb":
      return albProperties(config);
    case "gateway":
      return gatewayProperties(config, affinity);
    case "istio":
      return istioProperties(config, affinity);
  }
}

/** What of an edge's configuration cannot be, besides the timing constraints. */
export function edgeIssues(config: EdgeConfig, context: EdgeContext): ConfigIssue[] {
  switch (config.kind) {
    case "none":
    case "nginx":
      return [];
    case "nlb":
      return nlbIssues(config, context);
    case "alb":
      return albIssues(config, context);
    case "gateway":
      return gatewayIssues(config);
    case "istio":
      return istioIssues(config);
  }
}

/** Of what all services of a stack share at an edge. */
const stackName = "holdfast";

export function createEdge(
  name: string,
  args: EdgeArgs<EdgeConfig>,
  opts?: pulumi.ComponentResourceOptions,
): Edge & pulumi.Resource {
  const { config } = args;
  switch (config.kind) {
    case "none":
      return new NoneEdge(name, { namespace: args.namespace, backends: args.backends }, opts);
    case "nginx":
      return new NginxEdge(name, flatEdgeArgs({ ...args, config }), opts);
    case "nlb":
      return new NlbEdge(name, flatEdgeArgs({ ...args, config }), opts);
    case "alb":
      return new AlbEdge(name, flatEdgeArgs({ ...args, config }), opts);
    case "gateway":
      return new GatewayEdge(name, { ...flatEdgeArgs({ ...args, config }), objectName: stackName }, opts);
    case "istio":
      return new IstioEdge(name, { ...flatEdgeArgs({ ...args, config }), objectName: stackName }, opts);
  }
}
