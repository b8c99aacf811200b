import type * as pulumi from "@pulumi/pulumi";
import type { SessionStore } from "../components/session-store/session-store";
import type { ApplicationSecrets } from "./application-secrets";
import type { ProgramConfig } from "./load-config";

/** The objects and the configuration that all services of a stack share. */
export interface StackContext {
  readonly config: ProgramConfig;
  readonly namespace: pulumi.Output<string>;
  readonly store: (SessionStore & pulumi.Resource) | undefined;
  readonly secrets: ApplicationSecrets;
}
