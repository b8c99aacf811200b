import { asKind, sameNamespace, type Resource } from "./resource";
import type { System } from "./system";
import { componentLabels } from "../labels";
import { hasLabels, workloads, type Workload } from "./workload";

/** A Redis or Valkey server in the cluster, with what it is told by arguments and configuration files. */
export interface StoreServer {
  readonly workload: Workload;
  /**
   * Its settings as text: what the last mention of a name says holds. Undefined if they stand where rules cannot look:
   * in a Secret, or in a ConfigMap that is not among the resources.
   */
  readonly settings: () => string | undefined;
}

/** The resource if its pods are servers that may hold sessions. */
export function* storeServers(resource: Resource, system: System): Iterable<StoreServer> {
  for (const workload of workloads(resource)) {
    if (isStore(workload)) yield { workload, settings: () => settingsOf(workload, system) };
  }
}

/** By our label, or by an image of the usual name; a Sentinel is none, and neither are exporters. */
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
  // Arguments come last, because they win over the file.
  return [...files, ...asLines(words)].join("\n");
}

/** `--name value` as a line of a configuration file, and all else as it is. */
function asLines(words: readonly string[]): string[] {
  return words
    .join("\n")
    .replace(/(^|\n)--([\w-]+)\n(?!--)/g, "$1$2 ")
    .split("\n");
}

/** What the settings say of a name; undefined if nothing. */
export function setting(settings: string, name: string): string | undefined {
  const lines = [...settings.matchAll(new RegExp(`^\\s*${name}\\s+(.+?)\\s*$`, "gim"))];
  return lines.at(-1)?.[1]?.replace(/^"(.*)"$/, "$1");
}
