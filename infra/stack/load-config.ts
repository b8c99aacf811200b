import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig, project, type Config, type ResolvedConfig } from "../config";

/** A stack's configuration for the program: plain values for structure, Outputs for secrets. */
export interface ProgramConfig extends ResolvedConfig {
  readonly secrets: { readonly [Key in keyof Config["secrets"]]-?: pulumi.Output<string> | undefined };
}

/**
 * Reads and checks the configuration of the running stack. The keys of `holdfast` override those of the project: they stay in
 * stack files if `pulumi new` has given the project another name.
 *
 * @throws pulumi.RunError before the first resource: Pulumi prints only its message, without a stack trace
 */
export function loadConfig(): ProgramConfig {
  const all = pulumi.runtime.allConfig();
  // The defaults of Pulumi.yaml are keys of the project too, so a stack's file can override them only if holdfast comes last.
  const prefixes = [`${pulumi.getProject()}:`, `${project}:`];
  const keys = new Map<string, string>();
  for (const prefix of prefixes) {
    for (const key of Object.keys(all)) if (key.startsWith(prefix)) keys.set(key.slice(prefix.length), key);
  }
  try {
    return withSecretOutputs(
      parseConfig({
        stack: pulumi.getStack(),
        values: Object.fromEntries([...keys].map(([key, full]) => [key, all[full] ?? ""])),
        isSecret: (key) => isConfigSecret(keys.get(key) ?? key),
      }),
    );
  } catch (error) {
    throw error instanceof ConfigError ? new pulumi.RunError(error.message, { cause: error }) : error;
  }
}

/** The configuration with Outputs for its secrets, which the engine encrypts wherever they are used. */
export function withSecretOutputs({ secrets, ...config }: Config): ProgramConfig {
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

/** Part of Pulumi's runtime, but not of its types. Without it, the program cannot tell plain text from a secret. */
function isConfigSecret(key: string): boolean {
  const { isConfigSecret: check } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
  return check(key);
}
