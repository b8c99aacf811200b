import { z } from "zod";
import { enumOf, int, list, object, port, text } from "./values";

/** How the kubelet checks a container, and the hook that it runs before SIGTERM. */

/** A port of the container: its number, or its name under `ports`. */
const portReference = z.union([port, enumOf("http", "grpc", "metrics")], {
  error: "a port number, or one of http, grpc, metrics",
});

/** The path of an HTTP GET request; a status of 200–399 is a success. */
const path = text(/^\/[^\s]*$/, "a path such as /healthz");
/** A command that runs in the container; exit code 0 is a success. */
export const command = list(z.string({ error: "a word" }), "words").min(1, { error: "at least one word" });

/** How often a probe runs. The defaults depend on the kind of probe. */
const probeTiming = {
  /** Time before the first probe. Seconds. */
  initialDelaySeconds: int(0, 3_600).optional(),
  /** Time between two probes. Seconds. */
  periodSeconds: int(1, 3_600).optional(),
  /** Time that the container has to answer. Seconds. */
  timeoutSeconds: int(1, 3_600).optional(),
  /** Failures in a row before the probe counts as failed. */
  failureThreshold: int(1, 1_000).optional(),
};

const probeForms =
  "a path such as /healthz, { path, port }, { tcp: PORT }, { grpc: PORT, service } or { command: [WORD, …] }, " +
  "each optionally with periodSeconds, timeoutSeconds, failureThreshold and initialDelaySeconds";

/** How the kubelet probes a container: by HTTP, by opening a TCP port, by gRPC's health service, or by a command. */
const probeSchema = z.union(
  [
    path.transform((value) => ({ path: value, port: "http" as const })),
    object({ path, port: portReference.default("http"), ...probeTiming }),
    object({ tcp: portReference, ...probeTiming }),
    object({
      /** The port of the container that serves `grpc.health.v1`. */
      grpc: port,
      /** The service name in the health request. Defaults to none, which means the whole server. */
      service: z.string().optional(),
      ...probeTiming,
    }),
    object({ command, ...probeTiming }),
  ],
  { error: probeForms },
);

export type ProbeConfig = z.infer<typeof probeSchema>;

export const probesSchema = object({
  /** The other probes start when this one has succeeded. Defaults to `readiness`. */
  startup: probeSchema.optional(),
  /** Decides whether the pod gets new clients. Defaults to opening the http port. */
  readiness: probeSchema.optional(),
  /** Decides whether the container is restarted. Defaults to none, because a restart closes every socket. */
  liveness: probeSchema.optional(),
});

/** What runs between a pod's deletion and SIGTERM. */
export const preStopSchema = z.union(
  [enumOf("sleep", "none"), object({ path, port: portReference.default("http") }), object({ command })],
  { error: "sleep, none, { path, port } or { command: [WORD, …] }" },
);

export type PreStopConfig = z.infer<typeof preStopSchema>;
