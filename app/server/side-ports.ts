import { createServer, type Server } from "node:http";
import { httpOptions } from "../runtime/http-options";
import type { Health } from "./health";
import type { Metrics } from "./metrics";

/** `GET /metrics`, on a separate port that only monitoring may reach. */
export function createMetricsServer({ registry }: Pick<Metrics, "registry">): Server {
  return createServer(httpOptions, (request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}

/**
 * `GET /prestop`, on a separate port that only the kubelet may reach: fails readiness at once, and answers after
 * `preStopSeconds`, when the endpoints no longer list this pod. The kubelet sends SIGTERM after the answer.
 */
export function createLifecycleServer(health: Health, preStopSeconds: number): Server {
  return createServer(httpOptions, (request, response) => {
    if (request.url !== "/prestop") {
      response.writeHead(404).end();
      return;
    }
    health.enter("unready");
    const timer = setTimeout(() => response.writeHead(200).end(), preStopSeconds * 1_000);
    response.on("close", () => clearTimeout(timer));
  });
}
