import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { project } from "../../infra/config";
import { secretsSchema } from "../../infra/config/schema";
import { examples, isExample, projectRoot, stackFile, stacks } from "./stacks";

/** A stack's configuration, as Pulumi passes it to the program: text by key, without the project's name. */
export interface StackConfig {
  readonly values: Readonly<Record<string, string>>;
  /** The keys whose values are secret. */
  readonly secretKeys: readonly string[];
}

/** Configuration values by key, without the project's name, that override the stack's file. */
export type Overrides = Readonly<Record<string, unknown>>;

/** The value of a secret, by its name. */
export type SecretOf = (name: string) => string;

/** The files of a stack cannot be read, or do not exist. */
class StackFileError extends Error {
  readonly code = "HOLDFAST_STACK_FILE";
}

const projectFile = z.object({
  name: z.string(),
  config: z.record(z.string(), z.object({ default: z.unknown().optional() })),
});
const stackSchema = z.object({ config: z.record(z.string(), z.unknown()).default({}) });

/** As `pulumi config set --secret` writes it; only the engine can decrypt it. */
const secureValue = z.strictObject({ secure: z.string() });

/**
 * Reads Pulumi.yaml and Pulumi.STACK.yaml as the Pulumi CLI does: a stack's value replaces the project's default completely. Then
 * merges the overrides: objects key by key (unless their `kind` differs), all other values are replaced. Encrypted values are
 * never decrypted; `secretOf` returns a value instead, also for the URL of a store that an example does not set. Throws {@link
 * StackFileError} if a file is missing or malformed.
 */
export async function readStackConfig(
  stack: string,
  overrides: Overrides,
  secretOf: SecretOf,
): Promise<StackConfig> {
  const declared = await readYaml("Pulumi.yaml", projectFile);
  const own = await readYaml(stackFile(stack), stackSchema);
  const names = [declared.name, project]; // holdfast comes last: its keys win, as in infra/stack/load-config.ts
  const defaults = mapValues(declared.config, (key) => key.default);
  const values = { ...ownKeys(defaults, names), ...ownKeys(own.config, names) };
  for (const [key, value] of Object.entries(overrides)) values[key] = merge(values[key], value);

  if (isExample(stack) && values.redisUrl === undefined && isExternal(values.sessionStore)) {
    // An encrypted value would need a key that nobody has, and the engine could not read a copy of the file.
    values.redisUrl = { secure: "" };
  }
  const encrypted = Object.keys(values).filter((key) => secureValue.safeParse(values[key]).success);
  for (const key of encrypted) values[key] = secretOf(key);
  const given = Object.keys(overrides).filter((key) => key in secretsSchema.shape);
  return {
    values: mapValues(values, encode),
    secretKeys: [...encrypted, ...given],
  };
}

/**
 * The kubeconfig context for a command: the given one, or else the one in the stack's file. Undefined: the current one. Throws
 * {@link StackFileError} if the stack has a kubeconfig of its own, because the command would then use another cluster.
 */
export async function stackContext(stack: string, given: string | undefined): Promise<string | undefined> {
  return given ?? contextOf((await readYaml(stackFile(stack), stackSchema)).config);
}

/** The same from the `config` of a stack's file. */
export function contextOf(config: Readonly<Record<string, unknown>>): string | undefined {
  if (config["kubernetes:kubeconfig"] !== undefined) {
    throw new StackFileError(
      "the stack names its cluster by kubernetes:kubeconfig, which only Pulumi reads. Name the context of the same cluster in your " +
        "kubeconfig with --context.",
    );
  }
  const context = config["kubernetes:context"];
  return typeof context === "string" && context !== "" ? context : undefined;
}

async function readYaml<Content>(file: string, schema: z.ZodType<Content>): Promise<Content> {
  try {
    return schema.parse(parse(await readFile(path.join(projectRoot, file), "utf8")));
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const reason = absent ? "does not exist" : `cannot be read: ${String(cause)}`;
    const known = `the stacks are ${stacks().join(", ")}, the examples ${examples().join(", ")}`;
    throw new StackFileError(`${file} ${reason}; ${known}`, { cause });
  }
}

/**
 * Keys of the project have no prefix, or its name or `holdfast` as prefix. Keys of providers have other prefixes and are not for
 * the program. Later names win.
 */
export function ownKeys(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  const unprefixed = entries.filter(([key]) => !key.includes(":"));
  const prefixed = names.flatMap((name) =>
    entries
      .filter(([key]) => key.startsWith(`${name}:`))
      .map(([key, value]) => [key.slice(name.length + 1), value] as const),
  );
  return Object.fromEntries([...unprefixed, ...prefixed]);
}

function mapValues<From, To>(
  values: Readonly<Record<string, From>>,
  to: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value)]));
}

function encode(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  if ("kind" in over && over.kind !== base.kind) return over;
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => [
      key,
      key in over ? merge(base[key], over[key]) : base[key],
    ]),
  );
}

function isExternal(store: unknown): boolean {
  return isObject(store) && store.kind === "external";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
