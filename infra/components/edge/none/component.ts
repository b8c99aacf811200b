import * as pulumi from "@pulumi/pulumi";
import { ports } from "../../../ports";
import { checkNamespace } from "../../names";
import { checkBackends } from "../args";
import { socketUrls, type Edge, type EdgeBackend } from "../edge";

export interface NoneEdgeArgs {
  /** The namespace of the services. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** What clients connect to: the `backend` of a WebSocketService or ConnectionProxy. */
  readonly backends: readonly EdgeBackend[];
}

/**
 * No edge: clients are in the cluster and connect to the Service, whose ClientIP affinity keeps them on a pod. Creates no
 * resource.
 */
export class NoneEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, args: NoneEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:NoneEdge", name, args, opts);
    const where = `NoneEdge ${name}`;
    checkBackends(where, args.backends);
    const namespace = checkNamespace(where, args.namespace);
    this.urls = socketUrls(
      args.backends,
      ({ serviceName, port = ports.http }) =>
        pulumi.interpolate`ws://${serviceName}.${namespace}.svc:${port}`,
    );
    this.registerOutputs({ urls: this.urls });
  }
}
