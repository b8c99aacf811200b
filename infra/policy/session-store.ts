import { asKind, sameNamespace, type Resource } from "./resource";
import type { System } from "./system";
import { componentLabels } from "../labels";
import { hasLabels, workloads, type Workload } from "./workload";

/** A Redis or Valkey server in the cluster, with its arguments and configuration files. */
export interface StoreServer {
  readonly workload: Workload;
  /**
   * Its settings as text; the last setting of a name wins. Undefined if they are where rules cannot read them: in a Secret, or in
   * a ConfigMap that is not among the resources.
   */
  readonly settings: () => string | undefined;
}

/** The resource as a server, if its pods may hold sessions. */
export function* storeServers(resource: Resource, system: System): Iterable<StoreServer> {
  for (const workload of workloads(resource)) {
    if (isStore(workload)) yield { workload, settings: () => settingsOf(workload, system) };
  }
}

/** Found by Holdfast's label, or by an image of the usual name. Sentinels and exporters are not stores. */
function isStore({ pod: { labels, spec } }: Workload): boolean {
  const isServer = (spec.containers ?? []).some(
    ({ image = "", command = [] }) =>
      /(^|\/)(redis|valkey|keydb)(-server)?([:@]|$)/.test(image) &&
      !command.some((word) => word.includes("sentinel")),
  );
  return isServer || hasLabels(labels, componentLabels("session-store"));
}

function settingsOf({ object, pod: { spec } }: Workload, system: System): string | undefined {
  const volumes = spec.volumes ?? [];
  const mounted = volumes.flatMap(({ configMap }) => configMap?.name ?? []);
  const maps = system.resources
    .flatMap((resource) => asKind(resource, "ConfigMap") ?? [])
    .filter((map) => sameNamespace(map, object) && mounted.includes(map.metadata?.name ?? ""));
  if (maps.length < mounted.length || volumes.some(({ secret }) => secret !== undefined)) return undefined;
  const files = maps.flatMap(({ data = {} }) => Object.values(data));
  const words = (spec.containers ?? []).flatMap(({ command = [], args = [] }) => [...command, ...args]);
  // Arguments come last, because they override the file.
  return [...files, ...asLines(words)].join("\n");
}

/** `--name value` as a line of a configuration file; other words unchanged. */
function asLines(words: readonly string[]): string[] {
  return words
    .join("\n")
    .replace(/(^|\n)--([\w-]+)\n(?!--)/g, "$1$2 ")
    .split("\n");
}

/** The value of a setting; undefined if it is not set. */
export function setting(settings: string, name: string): string | undefined {
  const lines = [...settings.matchAll(new RegExp(`^\\s*${name}\\s+(.+?)\\s*$`, "gim"))];
  return lines.at(-1)?.[1]?.replace(/^"(.*)"$/, "$1");
}
