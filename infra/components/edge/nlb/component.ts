import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { FlatArgs } from "../../flat-args";
import { edgeArgs, flatEdgeArgs, type CommonEdgeArgs } from "../args";
import * as aws from "../aws/properties";
import type { ControllerLoadBalancer } from "../controller/properties";
import { serviceHost, socketUrls, type Edge } from "../edge";
import { NginxEdge } from "../nginx/component";
import { nlbIssues } from "./issues";
import { loadBalancerName, nlbProperties } from "./properties";
import { controllerEdge, nlbSchema, type FromResources, type NlbValues } from "./schema";
import { controllerService, podsService } from "./service";

export interface NlbEdgeArgs extends CommonEdgeArgs, FlatArgs<typeof nlbSchema, FromResources> {}

/**
 * A LoadBalancer Service from which the AWS Load Balancer Controller creates an NLB: either one in front of the controller of an
 * nginx edge, or one for the pods of each service. The services' own Services do not change. Guards against the defaults of an
 * NLB: it hides client addresses, drops a quiet connection after 350 s, and cuts the sockets of a draining pod because the pod is
 * no longer ready, or before the pod has asked its clients to move.
 * With targets pods, give each service `preStopSeconds: 120` and `isLoadBalancerTarget: true`.
 *
 * @example new NlbEdge("edge", { host: "api.example.com", backends: [chat.backend], certificateArn });
 */
export class NlbEdge extends pulumi.ComponentResource implements Edge {
  readonly urls: Edge["urls"];

  constructor(name: string, flat: NlbEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:NlbEdge", name, flat, opts);
    const args = edgeArgs<typeof nlbSchema, FromResources>(`NlbEdge ${name}`, nlbSchema, flat, (found) =>
      nlbIssues(found.config, { ...found, services: found.backends.map((backend) => backend.name) }),
    );
    const { config, backends } = args;
    if (config.targets === "pods") {
      for (const backend of backends) {
        new k8s.core.v1.Service(`${name}-${backend.name}`, podsService(args, backend), { parent: this });
      }
      const { scheme } = nlbProperties(config, args.affinity);
      this.urls = socketUrls(
        backends,
        (backend) => pulumi.interpolate`${scheme}://${serviceHost(args, backend.name)}`,
      );
    } else {
      // The edge is not a child of this component and has the same name as without a load balancer, so that you can put a load
      // balancer in front of a running edge.
      const nginx = new NginxEdge(
        name,
        {
          ...flatEdgeArgs({ ...args, config: controllerEdge(config) }),
          loadBalancer: controllerLoadBalancer(config),
        },
        opts,
      );
      new k8s.core.v1.Service(`${name}-nlb`, controllerService(args), { parent: this, dependsOn: [nginx] });
      this.urls = nginx.urls;
    }
    this.registerOutputs({ urls: this.urls });
  }
}

function controllerLoadBalancer(config: NlbValues): ControllerLoadBalancer {
  return {
    serviceName: loadBalancerName(controllerEdge(config).controller),
    namespaceLabels: aws.readinessGateLabels,
    propagationSeconds: config.propagationSeconds,
  };
}
