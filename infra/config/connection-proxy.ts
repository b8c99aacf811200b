import { z } from "zod";
import { parseCloseCodes } from "../../app/proxy/close-codes";
import { bool, list, network, object, enumOf, int } from "./values";
import { autoscalingSchema, placement, resourcesSchema } from "./workload";

/** A tier that keeps the clients' sockets of a service while its pods change; see docs/connection-proxy.md. */
export const connectionProxySchema = object({
  /** Number of pods. Defaults to 2. Not allowed with `autoscaling`. */
  replicas: int(1, 1_000).optional(),
  /**
   * How the proxy moves a client to another pod. `holdfast` and `socket.io` are the defaults for services with that
   * protocol. For other WebSocket servers, a message that a client sends while its pod ends arrives `at-most-once` (the
   * default) or `at-least-once`.
   */
  mode: enumOf("holdfast", "at-most-once", "at-least-once", "socket.io").optional(),
  /**
   * How the proxy finds the pods. With `endpointslices` the API server reports each change at once; the proxy gets a token
   * and may read EndpointSlices in its namespace. With `dns` it sees a change up to 5 s later.
   */
  discovery: enumOf("dns", "endpointslices").default("dns"),
  /** Scales the proxies by `proxy_sockets_active`. */
  autoscaling: autoscalingSchema.optional(),
  /** CPU and memory of each proxy. */
  resources: resourcesSchema.prefault({}),
  ...placement,
  /** How long a client waits for another pod before it is closed with 1013. Seconds. */
  holdSeconds: int(1, 3_600).default(30),
  /** Time from a proxy's SIGTERM to its last close frame; it moves its clients evenly over this time. Seconds. */
  drainSeconds: int(0, 86_400).default(600),
  /** Close codes of the service that also close the client's socket, such as 1000,3000-4999. The default depends on the mode. */
  finalCloseCodes: z
    .string({ error: "codes and ranges such as 1000,3000-4999" })
    .refine((codes) => parseCloseCodes(codes) !== undefined, {
      error: "codes and ranges from 1000 to 4999, such as 1000,3000-4999",
    })
    .optional(),
  /** Addresses or networks of proxies, such as the edge's pods, whose X-Forwarded headers are passed on. */
  trustedHops: list(network, "networks").default([]),
  /** The most bytes that one client has sent and no pod has received. Above this, the proxy stops reading from the client. */
  maxWaitingBytes: int(4_096, 268_435_456).optional(),
  /** Checks tokens at the upgrade, for services that cannot. Requires auth kind jwt. */
  checkTokens: bool.default(false),
});

export type ConnectionProxyValues = z.infer<typeof connectionProxySchema>;
