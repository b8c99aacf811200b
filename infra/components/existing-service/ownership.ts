/**
 * Finds who owns a field of a live object, and what may be taken over. Pure functions of what the API server returns.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */

/** An entry of `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: unknown;
}

/** A field that Holdfast sets. */
export interface WantedField {
  /** Its path for people, such as `spec.minReadySeconds`. */
  readonly path: string;
  /** Its keys in `fieldsV1`, such as `f:spec`, `f:minReadySeconds`. */
  readonly keys: readonly string[];
  readonly live: unknown;
  readonly wanted: unknown;
  /** The API server's default: the value of the field once it is given back. */
  readonly standard: unknown;
}

/** A field that another owner has set to another value. */
export interface Conflict extends WantedField {
  readonly owners: readonly string[];
}

/**
 * The fields that cannot be taken over without loss. A field with its default value is free, even if kubectl or Helm own it: they
 * own every default of the objects that they create, and the default comes back. An owner by server-side apply has set its fields
 * on purpose, and would set them again.
 */
export function conflicts(
  fields: readonly WantedField[],
  managed: readonly ManagedFields[],
  ourManager: string,
): Conflict[] {
  return fields.flatMap((field) => {
    if (field.live === undefined || same(field.live, field.wanted)) return [];
    const owners = managed.filter(({ fieldsV1 }) => has(fieldsV1, field.keys));
    if (owners.some(({ manager }) => manager === ourManager)) return [];
    if (same(field.live, field.standard) && !owners.some(({ operation }) => operation === "Apply")) return [];
    return [{ ...field, owners: owners.map(({ manager = "an unnamed manager" }) => manager) }];
  });
}

/** Describes what is wrong and the change that fixes it, one line for each field. */
export function describeConflicts(object: string, found: readonly Conflict[]): string {
  const lines = found.map(
    ({ path, live, wanted, standard, owners }) =>
      `  ${path} is ${show(live)}, set by ${owners.length === 0 ? "its creator" : owners.join(" and ")}; ` +
      `this stack sets ${show(wanted)}. Given back, it would be ${show(standard)}.`,
  );
  return (
    `${object} has fields with another owner:\n${lines.join("\n")}\n` +
    "Set the same value in this stack and in the owner's manifest, remove the field from the owner's manifest, or set " +
    "services[].existing.force to true: the owner's value is lost then until it applies its manifest again."
  );
}

function show(value: unknown): string {
  return value === undefined ? "unset" : JSON.stringify(value);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function has(fields: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return fields !== undefined;
  if (typeof fields !== "object" || fields === null) return false;
  return has((fields as Record<string, unknown>)[key], rest);
}
