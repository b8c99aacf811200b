/** Adds a field only if it has a value: an empty one would show in every manifest. */
export function optional<Value>(field: string, value: Value | undefined): Record<string, Value> {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return {};
  return { [field]: value };
}
