import { controllers } from "./controllers";
import type { Pod, Snapshot } from "./snapshot";

/** A running ingress-nginx of one namespace. */
export interface NginxController {
  readonly namespace: string;
  /** The arguments of one of its pods: outside of a rollout, all pods have the same. */
  readonly args: readonly string[];
  /** The ConfigMap in its arguments. */
  readonly configMap:
    | {
        readonly namespace: string;
        readonly name: string;
        /** Undefined if it is not among the labelled ConfigMaps that were read. */
        readonly data: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
}

/** Every ingress-nginx in the cluster. */
export function nginxControllers(snapshot: Snapshot): NginxController[] {
  return controllers(snapshot)
    .filter(({ kind }) => kind.name === "ingress-nginx")
    .map(({ namespace, pods }) => {
      const args = pods.flatMap(argsOf);
      const [place, name] = argument(args, "configmap")?.split("/") ?? [];
      if (place === undefined || name === undefined) return { namespace, args, configMap: undefined };
      // The chart writes $(POD_NAMESPACE), which the kubelet replaces.
      const of = place.startsWith("$(") ? namespace : place;
      const found = snapshot.objects.controllerConfigs.find(
        ({ metadata }) => metadata?.namespace === of && metadata.name === name,
      );
      return { namespace, args, configMap: { namespace: of, name, data: found && (found.data ?? {}) } };
    });
}

function argsOf({ spec }: Pod): string[] {
  return (spec?.containers ?? []).flatMap(({ command = [], args = [] }) => [...command, ...args]);
}

/** `--name=value` or `-name=value`, the form of Go's flags. */
function argument(args: readonly string[], name: string): string | undefined {
  return args.flatMap((each) => new RegExp(`^--?${name}=(.*)$`).exec(each)?.[1] ?? [])[0];
}

/** The settings by which the controller cuts sockets. */
interface ShutdownSettings {
  /** Time from a reload until its old processes end with their sockets. Seconds; undefined: they never end. */
  readonly reloadSeconds: number | undefined;
  /** The same time as it is written. */
  readonly reloadShown: string;
  /** How long a pod serves after its deletion. Seconds; undefined if it is not set, which means 0. */
  readonly graceSeconds: number | undefined;
}

/** https://github.com/kubernetes/ingress-nginx/blob/controller-v1.15.1/docs/user-guide/nginx-configuration/configmap.md */
const defaultReloadSeconds = 240;

export function shutdownSettings({ args, configMap }: NginxController): ShutdownSettings {
  const written = configMap?.data?.["worker-shutdown-timeout"];
  const set = written === undefined ? undefined : nginxSeconds(written);
  const grace = argument(args, "shutdown-grace-period");
  return {
    reloadSeconds: set === 0 ? undefined : (set ?? defaultReloadSeconds),
    reloadShown: written ?? `not set, so ${defaultReloadSeconds}s`,
    graceSeconds: grace === undefined ? undefined : Number(grace),
  };
}

/** A time in nginx's notation: `90`, `240s`, `1h 30m`. https://nginx.org/en/docs/syntax.html */
function nginxSeconds(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
  const parts = [...text.trim().matchAll(/(\d+)(ms|[smhdw]?)\s*/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0), 0);
}
