import { request } from "node:http";
import type { HttpGetAction } from "./manifest";

/** A request to one pod: an address, a port number, a path. */
export interface HttpGet {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether the answer comes in time with a status of 200 to 399, which Kubernetes counts as success. */
export function httpGet(target: HttpGet, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request(
      { ...target, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        resolve(status >= 200 && status < 400);
      },
    );
    outgoing.once("error", () => resolve(false));
    outgoing.end();
  });
}

/** Converts a manifest's `httpGet` to a request to one pod; looks up port names in `ports`. */
export function httpGetOf(
  action: HttpGetAction,
  address: string,
  ports: Readonly<Record<string, number>>,
): HttpGet {
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  return {
    host: action.host ?? address,
    port: portNumber(action.port, ports),
    path: action.path ?? "/",
    headers,
  };
}

/** A port by its number, or by the name of a container port. Throws if no port has the name. */
export function portNumber(port: string | number, ports: Readonly<Record<string, number>>): number {
  const number = typeof port === "number" ? port : ports[port];
  if (number === undefined) {
    throw new Error(`no container port is named ${port}; there are ${Object.keys(ports).join(", ")}`);
  }
  return number;
}
