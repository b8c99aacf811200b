/** The ports of a pod. They are the application's defaults too (a test keeps them equal), so the Deployment need not set them. */
export const ports = {
  /** Upgrades, and the probes `/readyz`, `/livez`, `/startupz`. */
  http: 8080,
  /** `grpc.health.v1.Health` and the Publisher service. */
  grpc: 8081,
  /** `/metrics`; only monitoring may reach it. */
  metrics: 9090,
  /** `/prestop`; only the kubelet calls it, so no NetworkPolicy opens it. */
  lifecycle: 9091,
} as const;

/** The port of Redis and Valkey. */
export const redisPort = 6379;
