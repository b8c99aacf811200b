import { portNumber } from "./http-get";
import { selects } from "./manifest";
import type { Pod } from "./pod";

/** A pod that a Service may send new connections to. */
export interface Endpoint {
  readonly pod: string;
  readonly address: string;
  readonly port: number;
  /** Differs each time the pod becomes ready: what is bound to an endpoint ends when it stops being ready. */
  readonly id: string;
}

/**
 * The ready endpoints behind a Service port. A pod that was deleted is out at once, whatever its readiness;
 * so is one that is not ready.
 */
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
