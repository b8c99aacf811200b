import { join } from "node:path";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/**
 * Next to this file, and next to the bundle: the build copies `app/server/grpc/proto` to `app/dist/proto`, so this path is right
 * for both.
 */
const protoDirectory = join(__dirname, "proto");

/** The services of the gRPC port, by full name, with their .proto files. */
const files = {
  "holdfast.v1.Publisher": "holdfast/v1/publisher.proto",
  "grpc.health.v1.Health": "grpc/health/v1/health.proto",
} as const;

export type ServiceName = keyof typeof files;

/**
 * Reads a service's definition from its .proto file. Decoded messages have every field: defaults for fields that were not sent,
 * null for absent messages. A `oneof` has a property of its own name with the name of the member that was sent. 64-bit integers
 * are numbers: check them with `Number.isSafeInteger`. Throws if the file is missing or malformed.
 */
export function loadService(name: ServiceName): ServiceDefinition {
  const definitions = loadSync(files[name], {
    includeDirs: [protoDirectory],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return definitions[name] as ServiceDefinition;
}
