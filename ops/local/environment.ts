import {
  type Container,
  type EnvVar,
  type Manifest,
  nameOf,
  type ObjectMeta,
  ofKind,
  UnsupportedManifestError,
} from "./manifest";

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string>>;

/** Secrets and ConfigMaps by name, decoded. */
export interface References {
  readonly secrets: Readonly<Record<string, Environment>>;
  readonly configMaps: Readonly<Record<string, Environment>>;
}

/** The fields of a pod that the downward API can provide. */
export interface PodIdentity {
  readonly metadata: ObjectMeta;
  readonly address: string;
}

/** Collects the objects to which environment variables may refer. */
export function references(objects: readonly Manifest[]): References {
  const secrets = ofKind(objects, "Secret").map((secret) => {
    const decoded = Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString(),
    ]);
    return [nameOf(secret), { ...Object.fromEntries(decoded), ...secret.stringData }] as const;
  });
  const configMaps = ofKind(objects, "ConfigMap").map((map) => [nameOf(map), map.data ?? {}] as const);
  return { secrets: Object.fromEntries(secrets), configMaps: Object.fromEntries(configMaps) };
}

/**
 * A container's environment, as the kubelet resolves it: `envFrom`, then `env` in order, with `$(NAME)` replaced by an earlier
 * variable. Throws if a reference has no target; the kubelet refuses to start such a container.
 */
export function resolveEnvironment(
  container: Container,
  pod: PodIdentity,
  refs: References,
): Record<string, string> {
  const resolved: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const { secretRef, configMapRef, prefix = "" } = source;
    const values = secretRef
      ? refs.secrets[secretRef.name ?? ""]
      : configMapRef && refs.configMaps[configMapRef.name ?? ""];
    if (values === undefined && (secretRef ?? configMapRef)?.optional !== true) {
      throw new Error(
        `container ${container.name}: envFrom names ${describe(secretRef, configMapRef)}, which does not exist`,
      );
    }
    for (const [key, value] of Object.entries(values ?? {})) resolved[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, pod, refs);
    if (value !== undefined) resolved[variable.name] = expand(value, resolved);
  }
  return resolved;
}

function valueOf(variable: EnvVar, pod: PodIdentity, refs: References): string | undefined {
  const { value = "", valueFrom } = variable;
  if (valueFrom === undefined) return value;
  if (valueFrom.fieldRef !== undefined) return field(valueFrom.fieldRef.fieldPath, pod);
  const { secretKeyRef, configMapKeyRef } = valueFrom;
  const reference = secretKeyRef ?? configMapKeyRef;
  if (reference === undefined) {
    throw new UnsupportedManifestError(
      `variable ${variable.name}: the local runner does not support this kind of valueFrom`,
    );
  }
  const { name = "", key, optional } = reference;
  const found = (secretKeyRef ? refs.secrets : refs.configMaps)[name]?.[key];
  if (found === undefined && optional !== true) {
    const kind = describe(secretKeyRef, configMapKeyRef);
    throw new Error(`variable ${variable.name}: ${kind} has no key ${key}, or does not exist`);
  }
  return found;
}

function field(path: string, pod: PodIdentity): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return pod.metadata[map]?.[key ?? ""] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata.name ?? "";
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "status.podIP":
      return pod.address;
    default:
      throw new UnsupportedManifestError(`the local runner does not support fieldRef ${path}`);
  }
}

/** `$(NAME)` of an unknown name stays unchanged, and `$$(NAME)` means a literal `$(NAME)`, as in Kubernetes. */
function expand(value: string, known: Readonly<Record<string, string>>): string {
  return value.replace(/\$(\$?)\(([A-Za-z_][\w.-]*)\)/g, (match, escaped: string, name: string) =>
    escaped === "$" ? match.slice(1) : (known[name] ?? match),
  );
}

function describe(secret: { name?: string } | undefined, configMap: { name?: string } | undefined): string {
  return secret ? `Secret ${secret.name ?? ""}` : `ConfigMap ${configMap?.name ?? ""}`;
}
