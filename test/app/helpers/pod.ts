import { pino } from "pino";
import { loadAppConfig } from "../../../app/server/config";
import type { RebalancerTimes } from "../../../app/server/rebalance/rebalancer";
import { HoldfastServer } from "../../../app/server/server";

/** The defaults of server tests: short times, any port, no logs. */
const defaults = {
  SERVICE_NAME: "messaging-service",
  SERVICE_PATH: "/messaging",
  BIND_ADDRESS: "127.0.0.1",
  HTTP_PORT: "0",
  GRPC_PORT: "0",
  METRICS_PORT: "0",
  LIFECYCLE_PORT: "0",
  PRE_STOP_SECONDS: "0",
  DRAIN_SECONDS: "5",
  AUTH_MODE: "anonymous",
  REDIS_TIMEOUT_MS: "2000",
  LOG_LEVEL: "silent",
};

let pods = 0;

/** A pod of the application in this process, on real sockets. Stop it with {@link stopPods}. */
export async function startPod(
  redisUrl: string,
  env: Readonly<Record<string, string>> = {},
  rebalancing?: RebalancerTimes,
): Promise<HoldfastServer & { url: string; name: string }> {
  const name = `pod-${++pods}`;
  const config = loadAppConfig({ ...defaults, REDIS_URL: redisUrl, POD_NAME: name, ...env });
  const server = new HoldfastServer(config, pino({ level: config.LOG_LEVEL }), undefined, rebalancing);
  running.add(server);
  await server.start();
  return Object.assign(server, { url: `ws://127.0.0.1:${server.port("http")}/messaging`, name });
}

const running = new Set<HoldfastServer>();

export async function stopPods(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
  running.clear();
}
