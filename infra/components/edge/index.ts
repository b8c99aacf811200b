import type * as pulumi from "@pulumi/pulumi";
import { stackName } from "../../labels";
import { AlbEdge } from "./alb/component";
import { flatEdgeArgs } from "./args";
import type { Edge, EdgeArgs } from "./edge";
import { GatewayEdge } from "./gateway/component";
import { IstioEdge } from "./istio/component";
import { NginxEdge } from "./nginx/component";
import { NlbEdge } from "./nlb/component";
import { NoneEdge } from "./none/component";
import type { EdgeConfig } from "./schema";

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
