import { stringify } from "yaml";
import type { Chart, CloudResource, Rendering } from "./render";

/** A rendering as YAML documents. Charts and AWS resources come first, as comments, because they cannot be applied. */
export function toYaml({ charts, cloud, objects }: Rendering): string {
  const documents = objects.map((object) => stringify(object, { sortMapEntries: sortKeys, lineWidth: 0 }));
  return [...charts.map(chartComment), ...cloud.map(cloudComment), documents.join("---\n")].join("");
}

function chartComment({ name, namespace, chart, version, values }: Chart): string {
  const title = `Helm release ${name} in namespace ${namespace}: chart ${chart} ${version}, installed by pulumi up, with`;
  return comment(title, values);
}

function cloudComment({ type, name, protect, properties }: CloudResource): string {
  const [provider, module] = type.split(/[:/]/);
  const kind = [provider, module, type.slice(type.lastIndexOf(":") + 1)].join(".");
  return comment(`${kind} ${name}${protect ? ", protected" : ""}, made by pulumi up, with`, properties);
}

function comment(title: string, values: unknown): string {
  const lines = stringify(values, { sortMapEntries: true, lineWidth: 0 }).trimEnd().split("\n");
  return [title, ...lines.map((line) => `  ${line}`)].map((line) => `# ${line}\n`).join("");
}

/** The usual order in manifests: what an object is, then its name, then the rest in alphabetical order. */
const first = ["apiVersion", "kind", "metadata", "name", "namespace"];

function sortKeys(a: { key: unknown }, b: { key: unknown }): number {
  const [left, right] = [
    String((a.key as { value?: unknown }).value),
    String((b.key as { value?: unknown }).value),
  ];
  return rank(left) - rank(right) || (left < right ? -1 : 1);
}

function rank(key: string): number {
  const at = first.indexOf(key);
  return at === -1 ? first.length : at;
}
