/** One broken rule: the key to change, what it holds, what it may hold. */
export interface Fault {
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

/** A fault of plain values; undefined is shown as "nothing". */
export function fault(path: string, found: string | number | boolean | undefined, allowed: string): Fault {
  return { path, found: found === undefined ? "nothing" : String(found), allowed };
}
