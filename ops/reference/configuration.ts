import path from "node:path";
import { z } from "zod";
import { configSchema, secretsSchema } from "../../infra/config/schema";
import { projectRoot } from "../render/stacks";
import { markdownTable } from "./markdown-table";
import { Meanings } from "./meanings";

const meanings = new Meanings(
  ["infra/config", "infra/components"].map((folder) => path.join(projectRoot, folder)),
);

/** The fields of a JSON Schema that this page uses. */
interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  /** The expected value, as error messages show it. */
  readonly expected?: string;
}

interface Row {
  readonly key: string;
  readonly value: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The reference of a stack's configuration as Markdown, generated from the schema by which `pulumi up` checks it. */
export function configurationReference(): string {
  const plain = described(nodeOf(configSchema));
  const isGroup = ([, node]: readonly [string, Node]) => leavesOf(node).length === 0;
  const required = new Set(nodeOf(configSchema).required);
  const single = plain.filter((entry) => !isGroup(entry));
  return [
    "## Single values",
    table(single.flatMap(([key, node]) => rowsOf(key, node, required.has(key)))),
    ...plain.filter(isGroup).flatMap(([key, node]) => section(key, node)),
    "## Secrets",
    "Set by `pulumi config set --secret holdfast:KEY`.",
    table(described(nodeOf(secretsSchema)).flatMap(([key, node]) => rowsOf(key, node, false))),
  ].join("\n\n");
}

/** Keys without a description: each needs one. */
export function undescribed(): string[] {
  const roots = [nodeOf(configSchema), nodeOf(secretsSchema)];
  const rows = roots.flatMap((root) => described(root).flatMap(([key, node]) => rowsOf(key, node, false)));
  // The page describes a kind in its own section.
  return rows.filter(({ key, meaning }) => meaning === "" && !key.endsWith("kind")).map(({ key }) => key);
}

function nodeOf(schema: z.ZodType): Node {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (jsonSchema.type !== "string") return;
      const expected = zodSchema._zod.def.error?.({ code: "custom", input: undefined, path: [] } as never);
      if (typeof expected === "string") Object.assign(jsonSchema, { expected });
    },
  }) as Node;
}

/** The keys of an object, with what their comments say. */
function described({ properties = {} }: Node): [key: string, node: Node][] {
  const keys = Object.keys(properties);
  return Object.entries(properties).map(([key, node]) => {
    const description = meanings.of(key, keys);
    return [key, description === undefined ? node : { ...node, description }];
  });
}

/** A key with other keys below it; each of its kinds has a table. */
function section(key: string, node: Node): string[] {
  const list = node.items === undefined ? "" : "[]";
  const heading = [`## \`${key}${list}\``, ...(node.description === undefined ? [] : [node.description])];
  const inner = node.items ?? node;
  const kinds = inner.oneOf ?? [];
  if (kinds.length === 0) return [...heading, table(children("", inner))];
  const ofKind = (option: Node) => {
    // Without `kind`, which is in the heading. The comments are looked up by all keys of the form, including `kind`.
    const rows = children("", option).filter(({ key: name }) => name !== "kind");
    return [
      `### \`kind: ${String(option.properties?.kind?.const)}\``,
      ...(option.description ? [option.description] : []),
      rows.length > 0 ? table(rows) : "No other keys.",
    ];
  };
  const fallback = node.default === undefined ? [] : [`Default: ${shown(node.default)}.`];
  return [...heading, ...fallback, ...kinds.flatMap(ofKind)];
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ key, value, fallback, meaning }) => [`\`${key}\``, value, fallback, meaning]);
  return markdownTable(["Key", "Value", "Default", "Meaning"], cells);
}

function rowsOf(key: string, node: Node, isRequired: boolean): Row[] {
  const leaves = leavesOf(node);
  const row = {
    key,
    value: leaves.map(valueOf).join(", or "),
    fallback: node.default === undefined ? (isRequired ? "required" : "") : shown(node.default),
    meaning: escaped(node.description ?? ""),
  };
  const own =
    leaves.length > 0
      ? [row]
      : node.description === undefined
        ? []
        : [{ ...row, value: "object", fallback: "" }];
  return [...own, ...children(key, node)];
}

/** The rows of the keys below a key, from all alternatives. */
function children(key: string, node: Node): Row[] {
  const prefix = key === "" ? "" : `${key}.`;
  const alternatives = node.anyOf ?? node.oneOf;
  if (alternatives !== undefined) {
    const all = alternatives.flatMap((option) => children(key, option));
    return all.filter((row, index) => all.findIndex((other) => other.key === row.key) === index);
  }
  if (node.items !== undefined) return children(`${key}[]`, node.items);
  const required = new Set(node.required);
  const named = described(node).flatMap(([name, child]) =>
    rowsOf(`${prefix}${name}`, child, required.has(name)),
  );
  const { additionalProperties: any } = node;
  return typeof any === "object" && Object.keys(any).length > 0
    ? [...named, ...children(`${prefix}NAME`, any)]
    : named;
}

/** The values that a key may have, other than objects with keys. */
function leavesOf(node: Node): Node[] {
  const alternatives = node.anyOf ?? node.oneOf;
  if (alternatives !== undefined) return alternatives.flatMap(leavesOf);
  if (node.items !== undefined) return leavesOf(node.items).length > 0 ? [node] : [];
  if (
    node.type === "object" &&
    node.properties === undefined &&
    typeof node.additionalProperties === "object"
  )
    return leavesOf(node.additionalProperties).length > 0 ? [node] : [];
  return node.properties === undefined ? [node] : [];
}

function valueOf(node: Node): string {
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${String(word)}\``).join(", ");
  if (node.items !== undefined) return `list of: ${leavesOf(node.items).map(valueOf).join(", or ")}`;
  if (node.type === "object") return "names with values";
  if (node.type === "boolean") return "`true`, `false`";
  const { minimum, maximum } = node;
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (node.type === "integer" || node.type === "number")
    return [least, most].map((bound) => bound?.toLocaleString("en")).join("–");
  return escaped(node.expected ?? "text");
}

function shown(value: unknown): string {
  if (typeof value === "number") return value.toLocaleString("en");
  if (Array.isArray(value) && value.length === 0) return "none";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function escaped(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll("<", "\\<")
    .replaceAll("*", "\\*")
    .replace(/(^|[^`\w])_/g, "$1\\_");
}
