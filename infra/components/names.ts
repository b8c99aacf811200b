import type * as pulumi from "@pulumi/pulumi";
import { label, objectName } from "../config/values";
import { ArgumentError, checked } from "./input";

/** Names among the arguments of a component, checked as its other values are; see {@link checked}. */

/** @throws ArgumentError for a plain value that no namespace can have as its name; an Output with one fails */
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

/** @throws ArgumentError where no object can have the name */
export function checkObjectName(where: string, name: string): void {
  if (objectName.safeParse(name).success) return;
  throw new ArgumentError(
    `${where}: objectName is ${name}. Set it to a name of lower-case letters, digits and -.`,
  );
}
