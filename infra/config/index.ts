import { describeIssue, type ConfigIssue } from "./issue";
import { parseValues, project, type RawConfig } from "./parse";
import type { ResolvedConfig } from "./resolve";
import type { SecretValues } from "./schema";

/** A stack's configuration: read, checked and resolved before the first resource. Loads no SDK. */

export { project } from "./parse";
export type { ResolvedConfig, ServiceConfig } from "./resolve";

/** The whole configuration of a stack. Its secrets are plain text; the program takes them as Outputs. */
export interface Config extends ResolvedConfig {
  readonly secrets: SecretValues;
}

/** The configuration is wrong; the message lists every issue with its key, what is wrong and what to change. */
export class ConfigError extends Error {
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

/** Checks a stack's configuration. Throws {@link ConfigError} with every issue at once. */
export function parseConfig({ stack, ...raw }: RawConfig): Config {
  const { config, secrets, issues } = parseValues(raw);
  if (config === undefined) throw new ConfigError(stack, issues);
  return { ...config, secrets };
}
