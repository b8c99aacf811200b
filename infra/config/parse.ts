import { z } from "zod";
import { crossIssues } from "./checks";
import { issue, type ConfigIssue } from "./issue";
import { resolveConfig, type ResolvedConfig } from "./resolve";
import { configSchema, secretsSchema, type ConfigValues, type SecretValues } from "./schema";
import { schemaIssues, show, valueAt } from "./schema-issues";

/** The name of the Pulumi project. Configuration keys may always begin with it, even if the project has another name. */
export const project = "holdfast";

/** Checks only that secrets are present. */
const anySecrets = z.partialRecord(secretsSchema.keyof(), z.string());

/** The input of {@link parseValues}: the values of a stack by key, without the project's name. */
export interface RawConfig {
  readonly stack: string;
  /** Text as Pulumi passes it: JSON if the value is not itself text. */
  readonly values: Readonly<Record<string, string>>;
  /** Whether the stack's file encrypts the value. */
  readonly isSecret: (key: string) => boolean;
  /** False if secrets are placeholders, which have another form. Default true. */
  readonly checkSecrets?: boolean;
}

export interface Parsed {
  /** Undefined if there are issues. */
  readonly config: ResolvedConfig | undefined;
  readonly secrets: SecretValues;
  readonly issues: readonly ConfigIssue[];
}

/** Reads and checks a stack's configuration. Reports every issue at once, including contradictions between keys. Pure. */
export function parseValues({ values, isSecret, checkSecrets = true }: Omit<RawConfig, "stack">): Parsed {
  const secretKeys = Object.keys(secretsSchema.shape);
  const secretText = Object.fromEntries(Object.entries(values).filter(([key]) => secretKeys.includes(key)));
  const plain = Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => !secretKeys.includes(key))
      .map(([key, value]) => [key, decode(key, value)]),
  );
  const structure = configSchema.safeParse(plain);
  const secrets = (checkSecrets ? secretsSchema : anySecrets).safeParse(secretText);
  const own = [
    ...Object.keys(values).flatMap((key) => storageIssues(key, secretKeys.includes(key), isSecret(key))),
    ...schemaIssues(structure.error, plain, show),
    ...schemaIssues(secrets.error, secretText, () => "a secret"),
  ];
  const readable = structure.success
    ? { input: plain, values: structure.data }
    : withoutBrokenKeys(plain, structure.error);
  const between = readable === undefined ? [] : crossChecks(readable, secretText, own);
  const issues = [...own, ...between];
  const config =
    structure.data !== undefined && issues.length === 0 ? resolveConfig(structure.data) : undefined;
  return { config, secrets: secrets.data ?? {}, issues };
}

/** Contradictions between the values that could be read, without those about a key that is already wrong. */
function crossChecks(
  { input, values }: Readable,
  secrets: SecretValues,
  own: readonly ConfigIssue[],
): ConfigIssue[] {
  const wrong = own.map(({ path }) => path);
  const given = (input as Pick<ConfigValues, "services">).services;
  const found = crossIssues({ given, values, config: resolveConfig(values), secrets });
  return found.filter(({ path }) => !wrong.some((key) => isWithin(path, key) || isWithin(key, path)));
}

/** A configuration that fits the schema, and what the schema reads from it. */
interface Readable {
  readonly input: object;
  readonly values: ConfigValues;
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

/** The most attempts to remove wrong keys; each removes at least one key. */
const maxRepairs = 10;

/**
 * The values without the wrong keys, so that one misspelt key hides no other issue. Undefined if the rest cannot be read either.
 */
function withoutBrokenKeys(input: object, error: z.ZodError): Readable | undefined {
  const copy = structuredClone(input);
  let issues: readonly z.core.$ZodIssue[] = error.issues;
  for (let repair = 0; repair < maxRepairs; repair++) {
    for (const path of issues.flatMap(brokenPaths)) remove(copy, path);
    const parsed = configSchema.safeParse(copy);
    if (parsed.success) return { input: copy, values: parsed.data };
    issues = parsed.error.issues;
  }
  return undefined;
}

function brokenPaths(issue: z.core.$ZodIssue): PropertyKey[][] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...issue.path, key]);
  return [[...issue.path]];
}

/** Removes a key of an object, or an item of a list. */
function remove(value: unknown, path: readonly PropertyKey[]): void {
  const parent = valueAt(value, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || typeof parent !== "object" || parent === null) return;
  if (Array.isArray(parent) && typeof last === "number") parent.splice(last, 1);
  else Reflect.deleteProperty(parent, last);
}

/** Structure must be readable, because manifests contain it; a secret in plain text would stay in the repository forever. */
function storageIssues(key: string, shouldBeSecret: boolean, isSecret: boolean): ConfigIssue[] {
  if (shouldBeSecret === isSecret) return [];
  if (!shouldBeSecret) return [issue(key, "an encrypted value", "plain text: structure is not secret")];
  const command = `pulumi config set --secret ${project}:${key}`;
  return [issue(key, "plain text", "an encrypted value", `Set it with: ${command}`)];
}

/** Text that is not JSON stays text, and the schema reports what it should be. */
function decode(key: string, value: string): unknown {
  if (!(key in configSchema.shape)) return value;
  const schema = configSchema.shape[key as keyof typeof configSchema.shape];
  if (isText(schema) || (mayBeText(schema) && !/^\s*[{[]/.test(value))) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function isText(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return isText(schema.def.innerType);
  }
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum;
}

/** True if the value may be text or structure: then only text that looks like structure is parsed. */
function mayBeText(schema: z.core.$ZodType): boolean {
  return (
    schema instanceof z.ZodUnion &&
    schema.options.some((option) => isText(option instanceof z.ZodPipe ? option.def.in : option))
  );
}
