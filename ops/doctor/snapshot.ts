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
 * The input of the doctor's checks: the objects of one stack from the API server, and the observations of running programs. It is
 * plain data: the reader and the probes create it, and the checks see nothing else.
 */
export interface Snapshot {
  readonly stack: string;
  /** The stack's configuration. */
  readonly config: Config;
  readonly objects: Objects;
  readonly observed: Observed;
  /** The reason for each source that could not be read. */
  readonly unavailable: Readonly<Partial<Record<Source, string>>>;
}

export type Service = Plain<V1Service>;
export type Deployment = Plain<V1Deployment>;
export type Ingress = Plain<V1Ingress>;
export type Pod = Plain<V1Pod>;
export type Container = Plain<V1Container>;

/** Declared here, because Kubernetes' client renames `from`. */
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
  /** In the stack's namespace. */
  readonly services: readonly Service[];
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly Plain<V1StatefulSet>[];
  readonly pods: readonly Pod[];
  readonly ingresses: readonly Ingress[];
  readonly budgets: readonly Plain<V1PodDisruptionBudget>[];
  readonly autoscalers: readonly Plain<V2HorizontalPodAutoscaler>[];
  readonly endpointSlices: readonly Plain<V1EndpointSlice>[];
  readonly networkPolicies: readonly NetworkPolicy[];
  /** Of the AWS Load Balancer Controller; empty if its CRDs are not installed. */
  readonly targetGroupBindings: readonly TargetGroupBinding[];
  /** Of the Gateway API and of Envoy Gateway, in the form that rules read; empty if their CRDs are not installed. */
  readonly httpRoutes: readonly CustomObject[];
  /** These two also from the namespace of the Gateway to which the stack attaches. */
  readonly backendPolicies: readonly CustomObject[];
  readonly clientPolicies: readonly CustomObject[];
  /** Of Istio; empty if its CRDs are not installed. */
  readonly virtualServices: readonly CustomObject[];
  readonly destinationRules: readonly CustomObject[];
  /** In the whole cluster. */
  readonly namespaces: readonly NamespaceObject[];
  readonly ingressClasses: readonly Plain<V1IngressClass>[];
  /** Pods of ingress controllers, in any namespace. */
  readonly controllerPods: readonly Pod[];
  /** ConfigMaps with the settings of ingress-nginx, in any namespace. */
  readonly controllerConfigs: readonly Plain<V1ConfigMap>[];
  /** Of prometheus-operator, in any namespace; empty if its CRDs are not installed. */
  readonly monitors: readonly Monitor[];
  readonly prometheuses: readonly Prometheus[];
}

/** The pods of one Service as a target group of an AWS load balancer. */
export interface TargetGroupBinding {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly spec: { readonly targetType?: string; readonly serviceRef: { readonly name: string } };
}

/** An object of a custom kind. */
export interface CustomObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: object;
  readonly status?: object;
}

export interface NamespaceObject {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
}

/** A label selector, in the form of all kinds. */
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

/** The observations of running programs. */
export interface Observed {
  readonly serverVersion: { readonly major: number; readonly minor: number };
  /** The versions that ingress controllers report, by pod, if their image's tag does not show it. */
  readonly controllerVersions: Readonly<Record<string, string>>;
  /** The metrics of each pod of the services, by pod. */
  readonly metrics: Readonly<Record<string, readonly Sample[]>>;
  /** Of the store that the stack creates. */
  readonly redis: RedisFacts;
  /** An upgrade at each ready pod, by pod. */
  readonly podUpgrades: Readonly<Record<string, Upgrade>>;
  /** Upgrades through the edge, by service. */
  readonly edge: Readonly<Record<string, EdgeVisits>>;
  /** How long clients took until they were served again after a cut, by service. */
  readonly reconnects: Readonly<Record<string, Reconnects>>;
}

export interface RedisFacts {
  /** From CONFIG GET, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** From INFO, by name. */
  readonly info: Readonly<Record<string, string>>;
}

/** The outcome of one attempt to open a socket. */
export interface Upgrade {
  /** The HTTP status: 101 is an upgrade. Undefined if there was no answer. */
  readonly status: number | undefined;
  /** The pod that served, according to the application; undefined if the application does not report it. */
  readonly pod: string | undefined;
  readonly setCookies: readonly string[];
  /** Time from the request to the answer. Milliseconds. */
  readonly ms: number;
  /** Why there was no answer. */
  readonly error?: string;
}

export interface EdgeVisits {
  /** The route, for people. */
  readonly via: string;
  /** Visits without a cookie. */
  readonly firstVisits: readonly Upgrade[];
  /** For each first visit that got a cookie: the next visits, with that cookie. */
  readonly returnVisits: readonly (readonly Upgrade[])[];
}

export interface Reconnects {
  readonly via: string;
  /** Time until the new socket got its welcome, for each cut. Milliseconds. */
  readonly ms: readonly number[];
  /** The number of cuts after which the session was resumed. */
  readonly resumed: number;
  /** Why it ended early, and whether the client had been served before. */
  readonly failed?: { readonly wasServed: boolean; readonly reason: string };
}

/** Everything that a check may need. */
export type Source = keyof Objects | keyof Observed;
