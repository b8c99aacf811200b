/**
 * Kubernetes' strategic merge, as far as pod templates need it: objects are merged key by key, the lists named below by their
 * key, and every other list and value is replaced. `null` removes a field. The keys are those of the API's
 * `x-kubernetes-patch-merge-key` extensions.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/#notes-on-the-strategic-merge-patch
 */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  env: "name",
  ports: "containerPort",
  volumes: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
};

type Fields = Readonly<Record<string, unknown>>;

/** Merges `patch` over `base`. Changes neither of them. */
export function strategicMerge(base: unknown, patch: unknown): unknown {
  return merge(base, patch, "");
}

function merge(base: unknown, patch: unknown, field: string): unknown {
  const key = mergeKeys[field];
  if (Array.isArray(base) && Array.isArray(patch) && key !== undefined) return mergeLists(base, patch, key);
  if (!isFields(base) || !isFields(patch)) return patch;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- null removes a field, as in the API
    if (value === null) delete merged[name];
    else merged[name] = name in base ? merge(base[name], value, name) : value;
  }
  return merged;
}

function mergeLists(base: readonly unknown[], patch: readonly unknown[], key: string): unknown[] {
  const merged = [...base];
  for (const item of patch) {
    const at = merged.findIndex((other) => isFields(item) && isFields(other) && other[key] === item[key]);
    if (at === -1) merged.push(item);
    else merged[at] = merge(merged[at], item, "");
  }
  return merged;
}

/** A plain object; Pulumi's Outputs count as values. */
function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
