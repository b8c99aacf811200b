import type { ResolvedConfig } from "../resolve";
import type { ConfigValues, SecretValues } from "../schema";

/** What a check looks at: the values as they were given, what they resolve to, and which secrets there are. */
export interface Checked {
  readonly values: ConfigValues;
  readonly config: ResolvedConfig;
  /** Only their presence counts. */
  readonly secrets: SecretValues;
}
