import * as pulumi from "@pulumi/pulumi";
import { describeIssue, type ConfigIssue } from "./issue";
import { parseValues, project, type RawConfig } from "./parse";
import type { ResolvedConfig } from "./resolve";
import type { SecretValues } from "./schema";

/** A stack's configuration: read, checked and resolved before the first resource. */

export { project, type RawConfig } from "./parse";
export type { ResolvedConfig, ServiceConfig } from "./resolve";

/** The whole configuration of a stack: plain values for structure, Outputs for secrets alone. */
export interface Config extends ResolvedConfig {
  readonly secrets: { readonly [Key in keyof SecretValues]-?: pulumi.Output<string> | undefined };
}

/**
 * The configuration is wrong; the message lists every issue with its key, what is wrong and what to change. Pulumi
 * prints a RunError as its message alone, without a stack trace.
 */
export class ConfigError extends pulumi.RunError {
  readonly code = "HOLDFAST_CONFIG";

  constructor(
    stack: string,
    readonly issues: readonly ConfigIssue[],
  ) {
    const lines = issues.map((issue) => `  ${project}:${describeIssue(issue)}`);
    const count = issues.length === 1 ? "1 issue" : `${issues.length} issues`;
    super(`the configuration of stack ${stack} has ${count}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
  }
}

/**
 * Reads and checks the configuration of the running stack: the keys of the project, and over them those of `holdfast`,
 * which stay in stack files where `pulumi new` has given the project another name. Throws {@link ConfigError} before the first resource. */
export function loadConfig(): Config {
  const all = pulumi.runtime.allConfig();
  // The defaults of Pulumi.yaml are keys of the project too, so only the order holdfast last lets a stack's file decide.
  const prefixes = [`${pulumi.getProject()}:`, `${project}:`];
  const keys = new Map<string, string>();
  for (const prefix of prefixes) {
    for (const key of Object.keys(all)) if (key.startsWith(prefix)) keys.set(key.slice(prefix.length), key);
  }
  return parseConfig({
    stack: pulumi.getStack(),
    values: Object.fromEntries([...keys].map(([key, full]) => [key, all[full] ?? ""])),
    isSecret: (key) => isConfigSecret(keys.get(key) ?? key),
  });
}

/** Checks a stack's configuration. Throws {@link ConfigError} with every issue at once. */
export function parseConfig({ stack, ...raw }: RawConfig): Config {
  const { config, secrets, issues } = parseValues(raw);
  if (config === undefined) throw new ConfigError(stack, issues);
  return {
    ...config,
    secrets: {
      jwtSecret: secret(secrets.jwtSecret),
      redisUrl: secret(secrets.redisUrl),
      publisherToken: secret(secrets.publisherToken),
    },
  };
}

function secret(value: string | undefined): pulumi.Output<string> | undefined {
  return value === undefined ? undefined : pulumi.secret(value);
}

/** In Pulumi's runtime but not in its types; without it, plain text cannot be told from a secret. */
function isConfigSecret(key: string): boolean {
  const { isConfigSecret: check } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
  return check(key);
}
