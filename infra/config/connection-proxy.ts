import { z } from "zod";
import { parseCloseCodes } from "../../app/proxy/close-codes";
import { bool, list, network, object, enumOf, int } from "./values";
import { autoscalingSchema, resourcesSchema } from "./workload";

/** A tier that keeps the clients' sockets of a service while its pods change; see docs/connection-proxy.md. */
export const connectionProxySchema = object({
  /** Pods. Defaults to 2 unless an autoscaler owns the number. */
  replicas: int(1, 1_000).optional(),
  /**
   * How it follows the service to another pod. `holdfast` and `socket.io` are for services of that protocol, and their
   * defaults. For any other WebSocket server, what a client says while a pod goes arrives `at-most-once` (the default)
   * or `at-least-once`.
   */
  mode: enumOf("holdfast", "at-most-once", "at-least-once", "socket.io").optional(),
  /**
   * How it finds the pods. `endpointslices`: the API server reports each change at once; the proxy then has a token and
   * may read EndpointSlices in its namespace. `dns` is up to 5 s later.
   */
  discovery: enumOf("dns", "endpointslices").default("dns"),
  /** By `proxy_sockets_active`. */
  autoscaling: autoscalingSchema.optional(),
  resources: resourcesSchema.prefault({}),
  /** How long a client waits for a pod to take over. Seconds. */
  holdSeconds: int(1, 3_600).default(30),
  /** From SIGTERM of a proxy to its last close frame: clients are moved evenly over it. Seconds. */
  drainSeconds: int(0, 86_400).default(600),
  /** Close codes of the service that close the client too, such as 1000,3000-4999. Defaults to those of the mode. */
  finalCloseCodes: z
    .string({ error: "codes and ranges such as 1000,3000-4999" })
    .refine((codes) => parseCloseCodes(codes) !== undefined, {
      error: "codes and ranges from 1000 to 4999, such as 1000,3000-4999",
    })
    .optional(),
  /** Proxies whose X-Forwarded headers are passed on: addresses or networks, such as that of the edge's pods. */
  trustedHops: list(network, "networks").default([]),
  /** What one client may have sent that no pod has, before its socket is not read any more. Bytes. */
  maxWaitingBytes: int(4_096, 268_435_456).optional(),
  /** Whether tokens are checked here too, at the upgrade: for services that cannot. Requires auth kind jwt. */
  checkTokens: bool.default(false),
});

export type ConnectionProxyValues = z.infer<typeof connectionProxySchema>;
