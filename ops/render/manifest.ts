import type { Resource } from "./resource";
import type { KubernetesObject } from "./kubernetes-object";

/** A secret is in an object where everyone who may list objects can read it. */
class ExposedSecretError extends Error {
  readonly code = "HOLDFAST_EXPOSED_SECRET";
}

/** The object of a Kubernetes resource. Throws {@link ExposedSecretError} if it contains a secret and is not a Secret. */
export function manifest({ outputs, secretInputs }: Resource): KubernetesObject {
  const object = outputs as unknown as KubernetesObject;
  if (object.kind !== "Secret" && secretInputs.length > 0) {
    const where = secretInputs.join(", ");
    throw new ExposedSecretError(
      `${object.kind} ${object.metadata.name} contains a secret in ${where}; refer to the key of a Secret instead`,
    );
  }
  return object;
}
