import type { Config } from "../../infra/config";
import { nameLabels, selectorLabels } from "../../infra/labels";
import { ports } from "../../infra/ports";
import { get, type Api } from "../kubernetes/api";
import { parseExposition, type Sample } from "../kubernetes/exposition";
import { getFromPod } from "../kubernetes/pod-http";
import type { Deployment, Pod } from "../doctor/snapshot";

/** The result of reading a stack once: its objects, and the metrics of its pods. */
export interface StackSnapshot {
  /** The time. Milliseconds since 1970. */
  readonly at: number;
  readonly services: readonly ServiceSnapshot[];
}

export interface ServiceSnapshot {
  readonly name: string;
  readonly deployment: Deployment | undefined;
  readonly pods: readonly PodSnapshot[];
}

export interface PodSnapshot {
  readonly pod: Pod;
  /** The metrics that the pod exposes; undefined if it could not be asked, with the reason in `silent`. */
  readonly samples: readonly Sample[] | undefined;
  readonly silent?: string;
}

/**
 * Reads a stack once. Metrics are read through the API server's port-forward, so this works wherever kubectl works, and needs no
 * Prometheus. Throws NoClusterError or ApiError.
 */
export async function readStack(api: Api, config: Config): Promise<StackSnapshot> {
  const namespace = `namespaces/${config.namespace.name}`;
  const [deployments, pods] = await Promise.all([
    get<{ items: Deployment[] }>(api, `/apis/apps/v1/${namespace}/deployments`),
    get<{ items: Pod[] }>(api, `/api/v1/${namespace}/pods`),
  ]);
  const services = await Promise.all(
    config.services.map(async ({ name, existing }): Promise<ServiceSnapshot> => {
      // The pods of an existing service have the labels of its owner.
      const labels = Object.entries(existing === undefined ? selectorLabels(name) : nameLabels(name));
      const own = pods.items.filter((pod) =>
        labels.every(([key, value]) => pod.metadata?.labels?.[key] === value),
      );
      return {
        name,
        deployment: deployments.items.find(({ metadata }) => metadata?.name === name),
        pods: await Promise.all(own.map((pod) => ask(api, config.namespace.name, pod))),
      };
    }),
  );
  return { at: Date.now(), services };
}

async function ask(api: Api, namespace: string, pod: Pod): Promise<PodSnapshot> {
  if (pod.status?.phase !== "Running") return { pod, samples: undefined };
  const target = { namespace, pod: pod.metadata?.name ?? "", port: ports.metrics };
  try {
    return { pod, samples: parseExposition(await getFromPod(api, target, "/metrics")) };
  } catch (error) {
    return { pod, samples: undefined, silent: error instanceof Error ? error.message : String(error) };
  }
}
