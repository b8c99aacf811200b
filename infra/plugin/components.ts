import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import * as library from "../index";
import { connectionProxyArgsSchema } from "../components/connection-proxy/schema";
import { albSchema } from "../components/edge/alb/schema";
import { gatewaySchema } from "../components/edge/gateway/schema";
import { istioSchema } from "../components/edge/istio/schema";
import { nginxSchema } from "../components/edge/nginx/schema";
import { nlbSchema } from "../components/edge/nlb/schema";
import { existingServiceSchema } from "../components/existing-service/schema";
import { prometheusOperatorSchema } from "../components/monitoring/schema";
import { namespaceSchema } from "../components/namespace/component";
import { elasticacheSchema } from "../components/session-store/elasticache/schema";
import { externalSchema } from "../components/session-store/external/schema";
import { redisSchema } from "../components/session-store/redis/schema";
import { webSocketServiceSchema } from "../components/websocket-service/schema";
import { affinitySchema } from "../config/affinity";
import { bool, hostName, label, list, objectName, serviceName, int } from "../config/values";

/** The components for Pulumi's other languages: their inputs and outputs. */
export interface Exported {
  readonly create: (
    name: string,
    args: never,
    opts: pulumi.ComponentResourceOptions,
  ) => pulumi.ComponentResource;
  readonly description: string;
  /** The arguments, with the schemas that check them. */
  readonly inputs: Readonly<Record<string, z.core.$ZodType>>;
  /** The arguments that may be known only during the update; all others decide what is created. */
  readonly fromResources: readonly string[];
  readonly outputs: readonly string[];
}

const any = z.unknown();
const common = { namespace: label.optional() };
const backends = list(any, "backends");
const cookie = affinitySchema.omit({ clientIpTimeoutSeconds: true }).shape;
const edge = {
  ...common,
  ...cookie,
  host: hostName,
  backends,
  gracePeriodSeconds: int(1, 90_000).optional(),
};
const named = { objectName: objectName.optional() };

/** The keys of a configuration without its kind. */
function keys({ shape }: z.ZodObject): Exported["inputs"] {
  return Object.fromEntries(Object.entries(shape).filter(([key]) => key !== "kind"));
}

const times = ["preStopSeconds", "drainSeconds", "gracePeriodSeconds"];
const pod = ["namespace", "image", "imagePullPolicy", "replicas", "maxSurge", "clientIpTimeoutSeconds"];
const store = ["url", "mode", "egress"];
const routes = { fromResources: ["namespace", "host"], outputs: ["urls"] };

export const components: Readonly<Record<string, Exported>> = {
  WebSocketService: {
    create: (...args) => new library.WebSocketService(...args),
    description:
      "A WebSocket service of any image, with sticky sessions and rollouts that no client notices.",
    inputs: webSocketServiceSchema.shape,
    fromResources: [
      ...pod,
      ...times,
      "port",
      "grpcPort",
      "metricsPort",
      "command",
      "args",
      "priorityClassName",
    ],
    outputs: ["serviceName", "namespace", "protocol", "backend", "url", "gracePeriodSeconds"],
  },
  ConnectionProxy: {
    create: (...args) => new library.ConnectionProxy(...args),
    description: "The tier that keeps the sockets of a service's clients while the service's pods change.",
    inputs: connectionProxyArgsSchema.shape,
    fromResources: pod,
    outputs: ["serviceName", "backend", "gracePeriodSeconds"],
  },
  ExistingService: {
    create: (...args) => new library.ExistingService(...args),
    description:
      "Sticky sessions and a graceful end for a Deployment and a Service that something else owns.",
    inputs: existingServiceSchema.shape,
    fromResources: ["namespace", ...times],
    outputs: ["backend", "gracePeriodSeconds"],
  },
  StackNamespace: {
    create: (...args) => new library.StackNamespace(...args),
    description: "A namespace that is closed unless policies open it.",
    inputs: namespaceSchema.shape,
    fromResources: ["name"],
    outputs: ["name"],
  },
  RedisStore: {
    create: (...args) => new library.RedisStore(...args),
    description: "One Redis server with its data on a volume.",
    inputs: {
      ...keys(redisSchema),
      ...common,
      serviceName: serviceName.optional(),
      imagePullSecrets: list(objectName, "names of Secrets").optional(),
      networkPolicies: bool.optional(),
    },
    fromResources: ["namespace"],
    outputs: store,
  },
  ExternalStore: {
    create: (...args) => new library.ExternalStore(...args),
    description: "A Redis that somebody else runs.",
    inputs: { ...keys(externalSchema), ...common, url: z.string() },
    fromResources: ["namespace", "url"],
    outputs: store,
  },
  ElastiCacheStore: {
    create: (...args) => new library.ElastiCacheStore(...args),
    description: "A Valkey or Redis that AWS runs.",
    inputs: { ...keys(elasticacheSchema), ...common },
    fromResources: ["namespace", "vpcId", "subnets", "kmsKeyArn"],
    outputs: store,
  },
  NoneEdge: {
    create: (...args) => new library.NoneEdge(...args),
    description: "No edge: the URLs inside the cluster.",
    inputs: { ...common, backends },
    fromResources: ["namespace"],
    outputs: ["urls"],
  },
  NginxEdge: {
    create: (...args) => new library.NginxEdge(...args),
    description: "Ingresses with cookie affinity, for controllers that read ingress-nginx's annotations.",
    inputs: { ...keys(nginxSchema), ...edge },
    ...routes,
  },
  NlbEdge: {
    create: (...args) => new library.NlbEdge(...args),
    description: "An AWS Network Load Balancer, before an nginx edge or before the pods.",
    inputs: { ...keys(nlbSchema), ...edge },
    ...routes,
    fromResources: [...routes.fromResources, "certificateArn"],
  },
  AlbEdge: {
    create: (...args) => new library.AlbEdge(...args),
    description: "An AWS Application Load Balancer with a target group for each service.",
    inputs: { ...keys(albSchema), ...edge },
    ...routes,
    fromResources: [...routes.fromResources, "certificateArn", "wafAclArn"],
  },
  GatewayEdge: {
    create: (...args) => new library.GatewayEdge(...args),
    description: "HTTPRoutes of the Gateway API with session persistence, for Envoy Gateway.",
    inputs: { ...keys(gatewaySchema), ...edge, ...named },
    ...routes,
  },
  IstioEdge: {
    create: (...args) => new library.IstioEdge(...args),
    description: "A VirtualService and DestinationRules that keep clients by a consistent hash.",
    inputs: { ...keys(istioSchema), ...edge, ...named },
    ...routes,
  },
  Monitoring: {
    create: (...args) => new library.Monitoring(...args),
    description: "A PodMonitor, alert rules and a dashboard.",
    inputs: {
      ...keys(prometheusOperatorSchema),
      ...common,
      ...named,
      services: list(serviceName, "names"),
      otherServices: list(serviceName, "names").optional(),
    },
    fromResources: ["namespace"],
    outputs: [],
  },
};
