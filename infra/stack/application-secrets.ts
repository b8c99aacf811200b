import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { SecretKey } from "../components/session-store/session-store";
import { stackLabels } from "../labels";
import type { ProgramConfig } from "./load-config";

export interface ApplicationSecrets {
  readonly jwtSecret: SecretKey | undefined;
  readonly publisherToken: SecretKey | undefined;
}

/** The secrets that the application itself reads, in one object; undefined if there are none. */
export function applicationSecrets(
  { secrets: { jwtSecret, publisherToken } }: ProgramConfig,
  namespace: pulumi.Input<string>,
): ApplicationSecrets {
  if (jwtSecret === undefined && publisherToken === undefined) {
    return { jwtSecret: undefined, publisherToken: undefined };
  }
  const { name } = new k8s.core.v1.Secret(
    "application",
    {
      metadata: { namespace, labels: stackLabels },
      stringData: {
        ...(jwtSecret === undefined ? {} : { "jwt-secret": jwtSecret }),
        ...(publisherToken === undefined ? {} : { "publisher-token": publisherToken }),
      },
    },
    { replaceOnChanges: ["stringData"] },
  ).metadata;
  return {
    jwtSecret: jwtSecret && { name, key: "jwt-secret" },
    publisherToken: publisherToken && { name, key: "publisher-token" },
  };
}
