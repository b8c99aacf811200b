import type { ResolvedConfig } from "../resolve";
import type { ConfigValues, SecretValues } from "../schema";

/** The input of a check: the values with the schema's defaults, the values as resolved, and which secrets exist. */
export interface Checked {
  /** The keys of each service as the stack sets them, without defaults: whether a key was given. */
  readonly given: readonly object[];
  readonly values: ConfigValues;
  readonly config: ResolvedConfig;
  /** Only their presence counts. */
  readonly secrets: SecretValues;
}
