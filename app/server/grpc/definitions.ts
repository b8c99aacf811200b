import { join } from "node:path";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/**
 * Beside this file, and beside the bundle: the build copies `app/server/grpc/proto` to `app/dist/proto`, so that this
 * one expression is right in both.
 */
const protoDirectory = join(__dirname, "proto");

/** The services of the gRPC port, by full name, with their .proto files. */
const files = {
  "holdfast.v1.Publisher": "holdfast/v1/publisher.proto",
  "grpc.health.v1.Health": "grpc/health/v1/health.proto",
} as const;

export type ServiceName = keyof typeof files;

/**
 * Reads a service's definition from its .proto file. Decoded messages have every field: defaults where none was sent,
 * null for absent messages; a `oneof` has a property of its own name that says which member was sent. 64-bit integers
 * are numbers: check them with `Number.isSafeInteger`. Throws when the file is missing or wrong.
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
