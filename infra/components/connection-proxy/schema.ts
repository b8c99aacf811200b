import { z } from "zod";
import { connectionProxySchema } from "../../config/connection-proxy";
import { list, oneOf, serviceName, text, whole } from "../../config/values";
import { argsSchema, unchecked } from "../check-args";
import { pods } from "../websocket-service/schema";
import type { ConnectionProxyArgs } from "./args";

const { mode, discovery, holdSeconds, drainSeconds, finalCloseCodes, trustedHops, maxWaitingBytes } =
  connectionProxySchema.shape;

const origin = text(/^https?:\/\/[^\s/]+$/, "an origin such as https://app.example.com");

export const connectionProxyArgsSchema = argsSchema<ConnectionProxyArgs>(
  {
    ...pods,
    service: z.looseObject({}, { error: "the WebSocketService whose clients it keeps" }),
    serviceName,
    mode,
    discovery,
    holdSeconds,
    preStopSeconds: whole(0, 3_600),
    drainSeconds,
    preStopHook: oneOf("http", "sleep"),
    finalCloseCodes,
    trustedHops,
    maxWaitingBytes,
    tokens: unchecked,
    allowedOrigins: list(origin, "origins"),
    pingIntervalSeconds: whole(1, 3_600),
    maxConnections: whole(1, 10_000_000),
    maxPayloadBytes: whole(1, 1_073_741_824),
    logLevel: oneOf("fatal", "error", "warn", "info", "debug", "trace", "silent"),
    cookie: unchecked,
  },
  "image",
  "service",
);
