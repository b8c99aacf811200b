import { NlbEdge, RedisStore, StackNamespace, WebSocketService } from "@holdfast/pulumi";
import * as pulumi from "@pulumi/pulumi";

// Your own image behind an AWS load balancer and nginx, with Redis. docs/library.md explains each part.
const config = new pulumi.Config();
const { name: namespace } = new StackNamespace("chat", { name: "chat" });
const sessions = new RedisStore("sessions", { namespace, memoryMiB: 512 });

const chat = new WebSocketService(
  "chat",
  {
    image: config.get("image") ?? "registry.example.com/chat:1.4.0",
    namespace,
    port: 3000,
    readinessProbe: { httpGet: { path: "/healthz", port: "http" } },
    sessionStore: sessions,
    networkPolicies: true,
    edgePeers: [{ namespaceLabels: { "kubernetes.io/metadata.name": "traefik" }, podLabels: {} }],
  },
  { dependsOn: sessions },
);

const edge = new NlbEdge("edge", {
  host: config.get("host") ?? "api.example.com",
  namespace,
  backends: [chat.backend],
  certificateArn: config.get("certificateArn"),
});

export const url = chat.url;
export const urls = edge.urls;
