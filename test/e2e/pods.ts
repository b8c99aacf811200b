import { kubectlJson } from "./kubectl";

/** A pod, as the tests use it. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly address: string;
  readonly node: string;
  readonly ready: boolean;
  /** Whether it was deleted. */
  readonly deleted: boolean;
  readonly restarts: number;
  readonly containerName: string;
  /** The id of its first container, without the runtime's scheme. */
  readonly containerId: string;
}

/** The fields of a Pod object that are read here. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly containerID?: string;
      readonly state?: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}

/** The pods of a workload, whatever their state. */
export async function pods(namespace: string, workload: string): Promise<readonly Pod[]> {
  const selector = `app.kubernetes.io/name=${workload}`;
  const list = await kubectlJson<{ items: PodObject[] }>([
    ...["--namespace", namespace, "get", "pods", "--selector", selector],
  ]);
  return list.items.map(toPod);
}

function toPod({ metadata, spec, status }: PodObject): Pod {
  const container = status.containerStatuses?.[0];
  return {
    name: metadata.name,
    uid: metadata.uid,
    createdAt: Date.parse(metadata.creationTimestamp),
    address: status.podIP ?? "",
    node: spec.nodeName ?? "",
    ready:
      status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ??
      false,
    deleted: metadata.deletionTimestamp !== undefined,
    restarts: container?.restartCount ?? 0,
    containerName: spec.containers[0]?.name ?? "",
    containerId: container?.containerID?.replace(/^.*:\/\//, "") ?? "",
  };
}
