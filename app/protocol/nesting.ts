/**
 * The most levels of arrays and objects in a message's data. JSON.parse accepts any depth, but JSON.stringify of the result
 * overflows the stack from a few thousand levels on: 10 KB of brackets would end the process.
 */
export const MAX_NESTING = 64;

/** Whether a JSON value has at most this many levels; a string, number, boolean or null has none. */
export function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => nestsWithin(inner, levels - 1));
}
