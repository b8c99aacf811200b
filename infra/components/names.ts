import type * as pulumi from "@pulumi/pulumi";
import { label, objectName } from "../config/values";
import { ArgumentError, checked } from "./input";

/** Checks names among the arguments of a component, as its other values are checked; see {@link checked}. */

/** @throws ArgumentError for a plain value that is not a valid namespace name; an Output with such a value fails */
export function checkNamespace(
  where: string,
  namespace: pulumi.Input<string> = "default",
): pulumi.Input<string> {
  return checked(`${where}: namespace`, namespace, (value) =>
    label.safeParse(value).success
      ? undefined
      : `is ${value}. Set it to the name of a namespace such as chat.`,
  );
}

/** @throws ArgumentError if no object can have the name */
export function checkObjectName(where: string, name: string): void {
  if (objectName.safeParse(name).success) return;
  throw new ArgumentError(
    `${where}: objectName is ${name}. Set it to a name of lower-case letters, digits and -.`,
  );
}
