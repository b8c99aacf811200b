import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ConfigValues } from "../schema";
import type { SecretKey } from "./session-store";

/** What a variable holds; undefined is left to the process' own default. */
type Value = string | number | pulumi.Output<string> | undefined;

/** The environment of a pod: its own name, values in plain text, and secrets by reference only. */
export function environmentVariables(
  values: Readonly<Record<string, Value>>,
  secrets: Readonly<Record<string, SecretKey | undefined>>,
): k8s.types.input.core.v1.EnvVar[] {
  return [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ...entries(values).map(([name, value]) => ({
      name,
      value: pulumi.Output.isInstance(value) ? value : String(value),
    })),
    ...entries(secrets).map(([name, { name: secret, key }]) => ({
      name,
      valueFrom: { secretKeyRef: { name: secret, key } },
    })),
  ];
}

/** How tokens are checked, but for the secret that may be among it. */
export function tokenVariables(auth: ConfigValues["auth"]): Record<string, string | undefined> {
  if (auth.kind !== "jwt") return {};
  return {
    JWT_JWKS_URL: auth.jwksUrl,
    JWT_PUBLIC_KEY: auth.publicKey,
    JWT_ISSUER: auth.issuer,
    JWT_AUDIENCE: auth.audience,
  };
}

function entries<Item>(record: Readonly<Record<string, Item | undefined>>): [string, Item][] {
  return Object.entries(record).filter((entry): entry is [string, Item] => entry[1] !== undefined);
}
