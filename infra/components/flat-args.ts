import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { describeIssue, type ConfigIssue } from "../config/issue";
import { schemaIssues, show } from "../config/schema-issues";
import { ArgumentError } from "./input";

/** The keys of a configuration as arguments of a component: the same names, defaults and checks in both. */

/** An object in which some keys may hold values of other resources. */
export type WithInputs<Values, FromResources extends keyof Values = never> = {
  [Key in keyof Values]: Key extends FromResources
    ? pulumi.Input<NonNullable<Values[Key]>> | Extract<Values[Key], undefined>
    : Values[Key];
};

/** The keys of a schema without its kind. `FromResources` are those that may hold values of other resources. */
export type FlatArgs<
  Schema extends z.ZodObject,
  FromResources extends keyof Omit<z.input<Schema>, "kind"> = never,
> = Readonly<WithInputs<Omit<z.input<Schema>, "kind">, FromResources>>;

/**
 * The arguments, checked by the schema and with its defaults. A key that holds an Output anywhere stays an Output; its
 * value is checked inside it.
 *
 * @param where the component and its name, such as `RedisStore sessions`
 * @throws ArgumentError with every wrong property, what it is and what to change
 */
export function parseArgs<Schema extends z.ZodObject, FromResources extends keyof z.output<Schema> = never>(
  where: string,
  schema: Schema,
  args: Readonly<Record<string, unknown>>,
): WithInputs<z.output<Schema>, FromResources> {
  const later = Object.keys(args).filter((key) => key in schema.shape && holdsOutput(args[key]));
  const plain = Object.fromEntries(Object.entries(args).filter(([key]) => !later.includes(key)));
  const kind = schema.shape.kind instanceof z.ZodLiteral ? { kind: schema.shape.kind.value as unknown } : {};
  const input = { ...plain, ...kind };
  const now = schema.extend(Object.fromEntries(later.map((key) => [key, z.any().optional()])));
  const parsed = now.safeParse(input);
  if (!parsed.success) throw argumentError(where, schemaIssues(parsed.error, input, show));
  const outputs = later.map((key) => {
    const checkedLater = pulumi
      .all([args[key]] as unknown[])
      .apply((values) => parseKey(where, schema, key, (values as unknown[])[0]));
    return [key, checkedLater];
  });
  return { ...parsed.data, ...Object.fromEntries(outputs) } as WithInputs<z.output<Schema>, FromResources>;
}

/** One key of the arguments; see {@link parseArgs}. */
export function parseKey(where: string, schema: z.ZodObject, key: string, value: unknown): unknown {
  const parsed = z.safeParse(schema.shape[key] as z.core.$ZodType, value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((found) => ({ ...found, path: [key, ...found.path] }));
  throw argumentError(where, schemaIssues(new z.ZodError(issues), { [key]: value }, show));
}

/** @param issues as the stack's configuration would have them, under the key of the component there */
export function argumentError(where: string, issues: readonly ConfigIssue[]): ArgumentError {
  const lines = issues.map(
    (found) => `${where}: ${describeIssue(found).replace(/\b(?:edge|sessionStore)\./g, "")}`,
  );
  return new ArgumentError(lines.join("\n"));
}

function holdsOutput(value: unknown): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsOutput);
}

/** A configuration as the arguments of its kind's component. */
export function withoutKind<Config extends { readonly kind: string }>(config: Config): Omit<Config, "kind"> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => key !== "kind")) as Omit<Config, "kind">;
}
