import type { CustomTimeouts } from "@pulumi/pulumi";

/** A resource that the program registered. */
export interface Resource {
  /** Pulumi's type token, such as `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** In the program; not the name of the object. */
  readonly name: string;
  /** Plain: secrets are unwrapped, and `secretInputs` says which they were. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the provider would answer. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The inputs that are or hold a Pulumi secret. */
  readonly secretInputs: readonly string[];
  /** Whether Pulumi refuses to delete or replace it. */
  readonly protect: boolean;
  /** Inputs whose change makes a new object, by the program's own will. */
  readonly replaceOnChanges: readonly string[];
  /** Inputs whose change the program leaves to others. */
  readonly ignoreChanges: readonly string[];
  /** How long Pulumi waits for it, such as `240s`, by what it waits for. */
  readonly customTimeouts: CustomTimeouts;
}
