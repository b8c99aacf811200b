import type { V1Pod } from "@kubernetes/client-node";
import type { PodRecord } from "../../experiment/running-stack";
import type { ServingSpan } from "../../local/pod";

/** The history of one pod of a service. */
export interface PodHistory extends PodRecord {
  readonly uid: string;
  /** The name of the workload. */
  readonly service: string;
  readonly node: string;
  /** Milliseconds since the epoch, to the second. */
  readonly createdAt: number;
  /** When it was deleted; undefined if it was not. */
  readonly deletedAt: number | undefined;
  readonly restarts: number;
  /** The id of its container, without the runtime's scheme; empty until it runs. */
  readonly containerId: string;
  /** The exit code of its container's last process that is known to have ended. */
  readonly exitCode: number | undefined;
  /** The numeric user of its processes; undefined if the image decides. */
  readonly runAsUser: number | undefined;
}

/** The exit code of a container that SIGKILL ended: 128 + 9. */
const sigkilled = 137;

/** A pod's history, updated with its newest state. */
export function updateHistory(
  known: PodHistory | undefined,
  { metadata, spec, status }: V1Pod,
  { at, gone }: { readonly at: number; readonly gone: boolean },
): PodHistory {
  const container = status?.containerStatuses?.[0];
  const condition = status?.conditions?.find(({ type }) => type === "Ready");
  const deletedAt = known?.deletedAt ?? (metadata?.deletionTimestamp === undefined && !gone ? undefined : at);
  // A deleted pod leaves the endpoints at once, whatever its readiness.
  const ready = condition?.status === "True" && deletedAt === undefined;
  // If the state is older than the watch, it began when the API server says.
  const since = known === undefined ? (timeOf(condition?.lastTransitionTime) ?? at) : at;
  const exitCode = container?.state?.terminated?.exitCode ?? known?.exitCode;
  return {
    uid: metadata?.uid ?? "",
    name: metadata?.name ?? "",
    service: metadata?.labels?.["app.kubernetes.io/name"] ?? "",
    node: spec?.nodeName ?? "",
    createdAt: timeOf(metadata?.creationTimestamp) ?? at,
    ready,
    served: extendSpans(known?.served ?? [], ready, since),
    deletedAt,
    restarts: container?.restartCount ?? 0,
    containerId: container?.containerID?.replace(/^.*:\/\//, "") ?? "",
    runAsUser: spec?.securityContext?.runAsUser,
    exitCode,
    termination:
      deletedAt !== undefined && gone
        ? { beganAt: deletedAt, exitedAt: at, killed: exitCode === sigkilled }
        : undefined,
  };
}

/** The history of a killed pod: it has not served since the kill, whenever the API server noticed it. */
export function cutShort(history: PodHistory, killedAt: number | undefined): PodHistory {
  if (killedAt === undefined) return history;
  const served = history.served.map(({ from, to = Infinity }) => ({
    from,
    to: from < killedAt && killedAt < to ? killedAt : to === Infinity ? undefined : to,
  }));
  return { ...history, served };
}

/** A list returns dates. A watch returns the API server's text, although its types say dates. */
function timeOf(date: Date | string | undefined): number | undefined {
  return date === undefined ? undefined : new Date(date).getTime();
}

function extendSpans(spans: readonly ServingSpan[], ready: boolean, at: number): readonly ServingSpan[] {
  const last = spans.at(-1);
  const open = last !== undefined && last.to === undefined;
  if (ready === open) return spans;
  return open
    ? [...spans.slice(0, -1), { from: last.from, to: at }]
    : [...spans, { from: at, to: undefined }];
}
