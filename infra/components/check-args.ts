import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { schemaIssues, show } from "../config/schema-issues";
import { object } from "../config/values";
import { argumentError, parseKey } from "./flat-args";

/** For arguments that Kubernetes, or the code that uses them, checks. */
export const unchecked = z.unknown();

/** A schema with a key for each argument, so that misspelt arguments are errors as well as wrong values. */
export function argsSchema<Args>(
  shape: Record<keyof Args, z.ZodType>,
  ...required: readonly (keyof Args)[]
): z.ZodObject {
  const types = Object.entries(shape) as [keyof Args & string, z.ZodType][];
  return object(
    Object.fromEntries(types.map(([key, type]) => [key, required.includes(key) ? type : type.optional()])),
  );
}

/**
 * Checks the arguments: plain values at once, an Output once its value is known. Returns them unchanged; the component sets the
 * defaults.
 *
 * @param where the component and its name, such as `WebSocketService chat`
 * @throws ArgumentError with every wrong property, its value and the change to make
 */
export function checkArgs<Args extends object>(where: string, schema: z.ZodObject, args: Args): Args {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
  const later = Object.keys(given).filter((key) => key in schema.shape && isLater(given[key]));
  const now = schema.extend(Object.fromEntries(later.map((key) => [key, unchecked])));
  const parsed = now.safeParse(given);
  if (!parsed.success) throw argumentError(where, schemaIssues(parsed.error, given, describe));
  const outputs = later.map((key) => {
    const input = given[key] as pulumi.Output<unknown> | Promise<unknown>;
    const output = pulumi.Output.isInstance(input) ? input : pulumi.output(input);
    const checkedLater = output.apply((value) => {
      parseKey(where, schema, key, value);
      return value;
    });
    return [key, checkedLater];
  });
  return { ...args, ...(Object.fromEntries(outputs) as Partial<Args>) };
}

function isLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** A resource or an Output is not converted to text, because that would print all of its contents, or throw. */
function describe(value: unknown): string {
  if (isLater(value)) return "an Output";
  if (pulumi.Resource.isInstance(value)) return "a resource";
  try {
    return show(value);
  } catch {
    return "an object";
  }
}
