import type { Drain } from "../../timing";
import type { WantedField } from "./ownership";

/** The fields of a Service and of a Deployment that Holdfast sets, with the API server's default for each. */

/** The fields that are read from a live object. They are partial, because a preview without a cluster knows none of them. */
export interface LiveService {
  readonly sessionAffinity?: string;
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly ports?: readonly { readonly name?: string; readonly port: number }[];
}

export interface LiveDeployment {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly minReadySeconds?: number;
  readonly strategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly maxSurge?: unknown; readonly maxUnavailable?: unknown };
  };
  readonly template?: {
    readonly spec?: {
      readonly terminationGracePeriodSeconds?: number;
      readonly containers?: readonly {
        readonly name: string;
        readonly lifecycle?: { readonly preStop?: unknown };
      }[];
    };
  };
}

export function serviceFields(live: LiveService, clientIpTimeoutSeconds: number): WantedField[] {
  return [
    field("spec.sessionAffinity", live.sessionAffinity, "ClientIP", "None"),
    field(
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
      live.sessionAffinityConfig?.clientIP?.timeoutSeconds,
      clientIpTimeoutSeconds,
      undefined,
    ),
  ];
}

export interface DeploymentSettings {
  readonly container: string;
  readonly drain: Drain;
  readonly maxSurge: number | string;
  readonly minReadySeconds: number;
  /** Undefined if there is no hook. */
  readonly preStop: unknown;
}

export function deploymentFields(live: LiveDeployment, settings: DeploymentSettings): WantedField[] {
  const pod = live.template?.spec;
  const hook = pod?.containers?.find(({ name }) => name === settings.container)?.lifecycle?.preStop;
  const rolling = live.strategy?.rollingUpdate;
  const inPod = ["f:spec", "f:template", "f:spec"];
  return [
    field("spec.strategy.type", live.strategy?.type, "RollingUpdate", "RollingUpdate"),
    field("spec.strategy.rollingUpdate.maxUnavailable", rolling?.maxUnavailable, 0, "25%"),
    field("spec.strategy.rollingUpdate.maxSurge", rolling?.maxSurge, settings.maxSurge, "25%"),
    field(
      "spec.minReadySeconds",
      live.minReadySeconds === 0 ? undefined : live.minReadySeconds,
      settings.minReadySeconds,
      undefined,
    ),
    field(
      "spec.template.spec.terminationGracePeriodSeconds",
      pod?.terminationGracePeriodSeconds,
      settings.drain.gracePeriodSeconds,
      30,
    ),
    ...(settings.preStop === undefined
      ? []
      : [
          {
            path: `spec.template.spec.containers[${settings.container}].lifecycle.preStop`,
            keys: [
              ...inPod,
              "f:containers",
              `k:${JSON.stringify({ name: settings.container })}`,
              "f:lifecycle",
              "f:preStop",
            ],
            live: hook,
            wanted: settings.preStop,
            standard: undefined,
          },
        ]),
  ];
}

function field(path: string, live: unknown, wanted: unknown, standard: unknown): WantedField {
  return { path, keys: path.split(".").map((key) => `f:${key}`), live, wanted, standard };
}
