import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { describeIssue, type ConfigIssue } from "../config/issue";
import { schemaIssues, show } from "../config/schema-issues";
import { ArgumentError } from "./input";

/** Turns the keys of a configuration into the arguments of a component: with the same names, defaults and checks. */

/** An object in which the values of some keys may come from other resources. */
export type WithInputs<Values, FromResources extends keyof Values = never> = {
  [Key in keyof Values]: Key extends FromResources
    ? pulumi.Input<NonNullable<Values[Key]>> | Extract<Values[Key], undefined>
    : Values[Key];
};

/** The keys of a schema without its kind. `FromResources` are the keys whose values may come from other resources. */
export type FlatArgs<
  Schema extends z.ZodObject,
  FromResources extends keyof Omit<z.input<Schema>, "kind"> = never,
> = Readonly<WithInputs<Omit<z.input<Schema>, "kind">, FromResources>>;

/**
 * Checks the arguments by the schema and adds its defaults. A key that contains an Output stays an Output, whose value is checked
 * once it is known.
 *
 * @param where the component and its name, such as `RedisStore sessions`
 * @throws ArgumentError with every wrong property, its value and the change to make
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

/** @param issues issues with the keys of the stack's configuration, below the component's key */
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

/** Converts a configuration to the arguments of its kind's component. */
export function withoutKind<Config extends { readonly kind: string }>(config: Config): Omit<Config, "kind"> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => key !== "kind")) as Omit<Config, "kind">;
}
