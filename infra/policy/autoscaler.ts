import type * as k8s from "@kubernetes/client-node";
import { asKind, isKind, sameNamespace, type PartialDeep, type Resource } from "./resource";
import type { Workload } from "./workload";

/**
 * The effect on its workload of a HorizontalPodAutoscaler, or of a KEDA ScaledObject, which creates one. Each property is read
 * only when it is used, so that an unknown value of one does not hide the others.
 */
export interface Autoscaler {
  readonly resource: Resource;
  /** The minimum number of pods, and the field that sets it. */
  readonly min: { readonly pods: number; readonly where: string };
  /** The maximum number of pods, and the field that sets it. */
  readonly max: { readonly pods: number; readonly where: string };
  readonly counts: readonly Count[];
  /** The rules for scaling down, in Kubernetes' form. */
  readonly scaleDown: PartialDeep<k8s.V2HPAScalingRules> | undefined;
}

/** One metric of an autoscaler. */
export interface Count {
  /** `cpu` or `memory`; undefined for everything else. */
  readonly processor: string | undefined;
  /** The series, if the autoscaler names one. */
  readonly series: string | undefined;
  /** PromQL. */
  readonly query: string | undefined;
  /** Whether an answer without a value counts as zero. */
  readonly emptyIsZero: boolean;
}

/** The resource as the autoscaler of this workload; undefined if it is not. */
export function autoscalerOf(resource: Resource, { object }: Workload): Autoscaler | undefined {
  const horizontal = asKind(resource, "HorizontalPodAutoscaler");
  if (horizontal !== undefined && sameNamespace(horizontal, object)) {
    const { spec } = horizontal;
    if (!isTarget(spec?.scaleTargetRef, object)) return undefined;
    return {
      resource,
      get min() {
        return { pods: spec?.minReplicas ?? 1, where: "minReplicas" };
      },
      get max() {
        return { pods: spec?.maxReplicas ?? 1, where: "maxReplicas" };
      },
      get counts() {
        const metrics = spec?.metrics ?? [];
        // Without a metric, Kubernetes uses CPU.
        return metrics.length === 0 ? [count({ processor: "cpu" })] : metrics.map(countOf);
      },
      get scaleDown() {
        return spec?.behavior?.scaleDown;
      },
    };
  }
  if (!isKind(resource, "keda.sh", "ScaledObject")) return undefined;
  const scaled = resource.properties as ScaledObject;
  const { spec } = scaled;
  if (!sameNamespace(scaled, object) || !isTarget(spec?.scaleTargetRef, object)) return undefined;
  return {
    resource,
    get min() {
      const { minReplicaCount = 0, idleReplicaCount } = spec ?? {};
      return idleReplicaCount === undefined
        ? { pods: minReplicaCount, where: "minReplicaCount" }
        : { pods: idleReplicaCount, where: "idleReplicaCount" };
    },
    get max() {
      return { pods: spec?.maxReplicaCount ?? defaultMaxReplicaCount, where: "maxReplicaCount" };
    },
    get counts() {
      return (spec?.triggers ?? []).map(triggerCount);
    },
    get scaleDown() {
      return spec?.advanced?.horizontalPodAutoscalerConfig?.behavior?.scaleDown;
    },
  };
}

/** The default of KEDA, https://keda.sh/docs/latest/reference/scaledobject-spec/. */
const defaultMaxReplicaCount = 100;

interface ScaledObject {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: {
    readonly scaleTargetRef?: Target;
    readonly minReplicaCount?: number;
    readonly idleReplicaCount?: number;
    readonly maxReplicaCount?: number;
    readonly triggers?: readonly Trigger[];
    readonly advanced?: {
      readonly horizontalPodAutoscalerConfig?: {
        readonly behavior?: PartialDeep<k8s.V2HorizontalPodAutoscalerBehavior>;
      };
    };
  };
}

interface Trigger {
  readonly type?: string;
  readonly metadata?: Readonly<Record<string, string | undefined>>;
}

interface Target {
  readonly kind?: string;
  readonly name?: string;
}

function isTarget(target: Target | undefined, { kind, metadata }: Workload["object"]): boolean {
  return target !== undefined && target.name === metadata?.name && (target.kind ?? "Deployment") === kind;
}

function count(of: Partial<Count>): Count {
  return { processor: undefined, series: undefined, query: undefined, emptyIsZero: false, ...of };
}

function countOf({
  type,
  resource,
  containerResource,
  pods,
  external,
}: PartialDeep<k8s.V2MetricSpec>): Count {
  switch (type) {
    case "Resource":
      return count({ processor: resource?.name });
    case "ContainerResource":
      return count({ processor: containerResource?.name });
    default:
      return count({ series: (pods ?? external)?.metric?.name });
  }
}

function triggerCount({ type, metadata: { query, ignoreNullValues } = {} }: Trigger): Count {
  if (type === "cpu" || type === "memory") return count({ processor: type });
  if (type !== "prometheus") return count({});
  return count({ query, emptyIsZero: ignoreNullValues !== "false" });
}
