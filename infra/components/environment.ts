import type * as pulumi from "@pulumi/pulumi";

/** The value of a variable: text, or a reference to a Secret, a ConfigMap or a field of the pod. */
export type EnvironmentValue =
  | pulumi.Input<string>
  | { readonly secret: { readonly name: pulumi.Input<string>; readonly key: pulumi.Input<string> } }
  | { readonly configMap: { readonly name: pulumi.Input<string>; readonly key: pulumi.Input<string> } }
  | { readonly field: string };

type Value = EnvironmentValue | number | boolean | readonly string[] | undefined;

/**
 * Converts variables to the form that a container takes: numbers and booleans become text, lists are joined by commas. An
 * undefined value or an empty list is omitted, so the process uses its own default.
 */
export function environment(values: Readonly<Record<string, Value>>): Record<string, EnvironmentValue> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, EnvironmentValue][] => {
      if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
      if (Array.isArray(value)) return [[name, value.join(",")]];
      if (typeof value === "number" || typeof value === "boolean") return [[name, String(value)]];
      return [[name, value as EnvironmentValue]];
    }),
  );
}
