import type { CustomTimeouts } from "@pulumi/pulumi";

/** A resource that the program registered. */
export interface Resource {
  /** Pulumi's type token, such as `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** The name in the program, not the name of the object. */
  readonly name: string;
  /** Plain values: secrets are unwrapped, and `secretInputs` lists them. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The provider's outputs. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The inputs that are, or contain, a Pulumi secret. */
  readonly secretInputs: readonly string[];
  /** Whether Pulumi refuses to delete or replace it. */
  readonly protect: boolean;
  /** Inputs whose change creates a new object, because the program asks for it. */
  readonly replaceOnChanges: readonly string[];
  /** Inputs whose changes the program ignores. */
  readonly ignoreChanges: readonly string[];
  /** How long Pulumi waits for it, such as `240s`, for each operation. */
  readonly customTimeouts: CustomTimeouts;
}
