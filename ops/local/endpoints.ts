import { portNumber } from "./http-get";
import { selects } from "./manifest";
import type { Pod } from "./pod";

/** A pod to which a Service may send new connections. */
export interface Endpoint {
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  /** Changes each time the pod becomes ready: affinity to an endpoint ends when the pod is no longer ready. */
  readonly id: string;
}

/** The ready endpoints behind a Service port. A pod that was deleted, or is not ready, is not among them. */
export function readyEndpoints(
  pods: readonly Pod[],
  selector: Readonly<Record<string, string>>,
  targetPort: string | number,
): Endpoint[] {
  return pods
    .filter((pod) => selects(selector, pod.labels) && pod.readySince !== undefined)
    .map((pod) => ({
      pod: pod.name,
      address: pod.address,
      port: portNumber(targetPort, pod.ports),
      id: `${pod.name}/${pod.served.length}`,
    }));
}
