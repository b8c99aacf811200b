import type {
  V1ConfigMap,
  V1Container,
  V1Deployment,
  V1EndpointSlice,
  V1Ingress,
  V1IngressClass,
  V1NetworkPolicyPort,
  V1Pod,
  V1PodDisruptionBudget,
  V1Service,
  V1StatefulSet,
  V2HorizontalPodAutoscaler,
} from "@kubernetes/client-node";
import type { Config } from "../../infra/config";
import type { Sample } from "../kubernetes/exposition";
import type { Plain } from "../kubernetes/plain";

/**
 * What the doctor judges: the objects of one stack as the API server has them, and what was observed by asking. It is
 * plain data: taken by the reader and the probes, judged by checks that see nothing else.
 */
export interface Snapshot {
  readonly stack: string;
  /** What the stack's configuration says. */
  readonly config: Config;
  readonly objects: Objects;
  readonly observed: Observed;
  /** Why a source is empty, for each that could not be read. */
  readonly unavailable: Readonly<Partial<Record<Source, string>>>;
}

export type Service = Plain<V1Service>;
export type Deployment = Plain<V1Deployment>;
export type Ingress = Plain<V1Ingress>;
export type Pod = Plain<V1Pod>;
export type Container = Plain<V1Container>;

/** Written out, because Kubernetes' client renames `from`. */
export interface NetworkPolicy {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly {
        readonly namespaceSelector?: Selector;
        readonly podSelector?: Selector;
        readonly ipBlock?: { readonly cidr: string };
      }[];
      readonly ports?: readonly Plain<V1NetworkPolicyPort>[];
    }[];
  };
}

/** Lists of the API server. */
export interface Objects {
  /** Of the stack's namespace. */
  readonly services: readonly Service[];
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly Plain<V1StatefulSet>[];
  readonly pods: readonly Pod[];
  readonly ingresses: readonly Ingress[];
  readonly budgets: readonly Plain<V1PodDisruptionBudget>[];
  readonly autoscalers: readonly Plain<V2HorizontalPodAutoscaler>[];
  readonly endpointSlices: readonly Plain<V1EndpointSlice>[];
  readonly networkPolicies: readonly NetworkPolicy[];
  /** AWS Load Balancer Controller's; empty where its CRDs are not installed. */
  readonly targetGroupBindings: readonly TargetGroupBinding[];
  /** Of the Gateway API and of Envoy Gateway, as rules read them; empty where their CRDs are not installed. */
  readonly httpRoutes: readonly CustomObject[];
  /** These two also of the namespace of the Gateway that the stack attaches to. */
  readonly backendPolicies: readonly CustomObject[];
  readonly clientPolicies: readonly CustomObject[];
  /** Of Istio; empty where its CRDs are not installed. */
  readonly virtualServices: readonly CustomObject[];
  readonly destinationRules: readonly CustomObject[];
  /** Of the whole cluster. */
  readonly namespaces: readonly NamespaceObject[];
  readonly ingressClasses: readonly Plain<V1IngressClass>[];
  /** Pods of ingress controllers, wherever they run. */
  readonly controllerPods: readonly Pod[];
  /** ConfigMaps with the settings of ingress-nginx, wherever it runs. */
  readonly controllerConfigs: readonly Plain<V1ConfigMap>[];
  /** prometheus-operator's, wherever they are; empty where its CRDs are not installed. */
  readonly monitors: readonly Monitor[];
  readonly prometheuses: readonly Prometheus[];
}

/** The pods of one Service as a target group of an AWS load balancer. */
export interface TargetGroupBinding {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly spec: { readonly targetType?: string; readonly serviceRef: { readonly name: string } };
}

/** Of a kind that Kubernetes itself does not know. */
export interface CustomObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: object;
  readonly status?: object;
}

export interface NamespaceObject {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
}

/** A label selector, as all kinds write it. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** A PodMonitor or a ServiceMonitor. */
export interface Monitor {
  readonly kind: "PodMonitor" | "ServiceMonitor";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly selector: Selector;
    readonly namespaceSelector?: { readonly any?: boolean; readonly matchNames?: readonly string[] };
    readonly podMetricsEndpoints?: readonly MonitorEndpoint[];
    readonly endpoints?: readonly MonitorEndpoint[];
  };
}

export interface MonitorEndpoint {
  readonly port?: string;
  readonly portNumber?: number;
  readonly targetPort?: number | string;
  readonly path?: string;
}

export interface Prometheus {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podMonitorSelector?: Selector;
    readonly podMonitorNamespaceSelector?: Selector;
    readonly serviceMonitorSelector?: Selector;
    readonly serviceMonitorNamespaceSelector?: Selector;
  };
}

/** What was asked of running things. */
export interface Observed {
  readonly serverVersion: { readonly major: number; readonly minor: number };
  /** What ingress controllers say of themselves, by pod, where their image's tag does not. */
  readonly controllerVersions: Readonly<Record<string, string>>;
  /** What each pod of the services exposes, by pod. */
  readonly metrics: Readonly<Record<string, readonly Sample[]>>;
  /** Of the store that the stack brings. */
  readonly redis: RedisFacts;
  /** An upgrade at each ready pod, by pod. */
  readonly podUpgrades: Readonly<Record<string, Upgrade>>;
  /** Upgrades through the edge, by service. */
  readonly edge: Readonly<Record<string, EdgeVisits>>;
  /** How long clients took to be served again after a cut, by service. */
  readonly reconnects: Readonly<Record<string, Reconnects>>;
}

export interface RedisFacts {
  /** Of CONFIG GET, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Of INFO, by name. */
  readonly info: Readonly<Record<string, string>>;
}

/** What became of one attempt to open a socket. */
export interface Upgrade {
  /** The HTTP status: 101 is an upgrade. Undefined if nobody answered. */
  readonly status: number | undefined;
  /** Which pod says that it served; undefined where the application does not say. */
  readonly pod: string | undefined;
  readonly setCookies: readonly string[];
  /** From the request to the answer. Milliseconds. */
  readonly ms: number;
  /** Why nobody answered. */
  readonly error?: string;
}

export interface EdgeVisits {
  /** The way that was taken, for a person. */
  readonly via: string;
  /** Without a cookie. */
  readonly firstVisits: readonly Upgrade[];
  /** For each first visit that got a cookie: the next visits, with that cookie. */
  readonly returnVisits: readonly (readonly Upgrade[])[];
}

export interface Reconnects {
  readonly via: string;
  /** Until the new socket was welcomed, for each cut. Milliseconds. */
  readonly ms: readonly number[];
  /** Cuts after which the session was resumed. */
  readonly resumed: number;
  /** Why it ended early, and whether the client had been served at all. */
  readonly failed?: { readonly wasServed: boolean; readonly reason: string };
}

/** Everything that a check may need to have been seen. */
export type Source = keyof Objects | keyof Observed;
