import { z } from "zod";
import { connectionProxySchema } from "../../config/connection-proxy";
import { list, enumOf, serviceName, text, int } from "../../config/values";
import { argsSchema, unchecked } from "../check-args";
import { pods } from "../websocket-service/schema";
import type { ConnectionProxyArgs } from "./args";

const { mode, discovery, holdSeconds, drainSeconds, finalCloseCodes, trustedHops, maxWaitingBytes } =
  connectionProxySchema.shape;

const origin = text(/^https?:\/\/[^\s/]+$/, "an origin such as https://app.example.com");

export const connectionProxyArgsSchema = argsSchema<ConnectionProxyArgs>(
  {
    ...pods,
    nodeSelector: unchecked,
    tolerations: unchecked,
    service: z.looseObject({}, { error: "the WebSocketService whose clients it keeps" }),
    serviceName,
    mode,
    discovery,
    holdSeconds,
    preStopSeconds: int(0, 3_600),
    drainSeconds,
    preStopHook: enumOf("http", "sleep"),
    finalCloseCodes,
    trustedHops,
    maxWaitingBytes,
    tokens: unchecked,
    allowedOrigins: list(origin, "origins"),
    pingIntervalSeconds: int(1, 3_600),
    maxConnections: int(1, 10_000_000),
    maxPayloadBytes: int(1, 1_073_741_824),
    logLevel: enumOf("fatal", "error", "warn", "info", "debug", "trace", "silent"),
    cookie: unchecked,
  },
  "image",
  "service",
);
