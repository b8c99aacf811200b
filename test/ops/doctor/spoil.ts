/** Any tree of plain data. */
type Tree = Record<string, unknown> | unknown[];

/**
 * A copy of some data with one place changed. The path is written with dots; `*` is every item or key. `undefined` removes the
 * place. Throws if the path does not exist, so that every test spoils something.
 */
export function spoil<T extends object>(data: T, path: string, value: unknown): T {
  const copy = clone(data);
  const keys = path.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."));
  if (change(copy as Tree, keys, value) === 0) throw new Error(`there is no ${path}`);
  return copy;
}

/** Functions are shared; everything else is copied. */
function clone<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(clone) as Value;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, clone(item as unknown)]),
  ) as Value;
}

/** The number of changed places. */
function change(at: Tree, [key = "", ...rest]: readonly string[], value: unknown): number {
  const keys = key === "*" ? Object.keys(at) : [key];
  return keys.reduce((count, each) => {
    const tree = at as Record<string, unknown>;
    if (rest.length > 0) {
      const below = tree[each];
      return typeof below === "object" && below !== null ? count + change(below as Tree, rest, value) : count;
    }
    if (value === undefined) Reflect.deleteProperty(tree, each);
    else tree[each] = value;
    return count + 1;
  }, 0);
}
