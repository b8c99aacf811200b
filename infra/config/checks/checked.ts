import type { ResolvedConfig } from "../resolve";
import type { ConfigValues, SecretValues } from "../schema";

/** The input of a check: the values as given, the values as resolved, and which secrets exist. */
export interface Checked {
  readonly values: ConfigValues;
  readonly config: ResolvedConfig;
  /** Only their presence counts. */
  readonly secrets: SecretValues;
}
