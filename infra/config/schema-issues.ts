import type { z } from "zod";
import { issue, type ConfigIssue } from "./issue";
import { nearest } from "./nearest";
import { knownKeys } from "./values";

/** The issues that a schema finds in an input, by key. */
export function schemaIssues(
  error: z.ZodError | undefined,
  input: unknown,
  describe: (value: unknown) => string,
): ConfigIssue[] {
  return (error?.issues ?? []).flatMap(unionIssues).flatMap((found) => {
    if (found.code === "unrecognized_keys") {
      return found.keys.map((key) => unknownKey([...found.path, key], found.message, input, describe));
    }
    const actual = valueAt(input, found.path);
    return [issue(showPath(found.path), actual === undefined ? undefined : describe(actual), found.message)];
  });
}

/** For a value that may take several forms: the issues of the form that was probably meant. */
function unionIssues(found: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (found.code !== "invalid_union") return [found];
  // The form whose type fits and that recognises most of the value: only its issues lie deeper than the value itself.
  const fitting = found.errors.filter((issues) => issues.length > 0 && issues.every(isInside));
  const [best] = fitting.sort((a, b) => a.length - b.length);
  if (best === undefined) return [found];
  return best.map((inner) => ({ ...inner, path: [...found.path, ...inner.path] })).flatMap(unionIssues);
}

function isInside(inner: z.core.$ZodIssue): boolean {
  return inner.path.length > 0 && inner.code !== "invalid_union" ? !isMissing(inner) : false;
}

function isMissing(inner: z.core.$ZodIssue): boolean {
  return inner.code === "invalid_type" && inner.input === undefined;
}

function unknownKey(
  path: readonly PropertyKey[],
  expected: string,
  input: unknown,
  describe: (value: unknown) => string,
): ConfigIssue {
  const key = String(path.at(-1));
  const close = nearest(key, knownKeys(expected));
  const fix = close === undefined ? "Remove it." : `Did you mean ${close}?`;
  return issue(showPath(path), describe(valueAt(input, path)), expected, fix);
}

/** The value at a path of an input. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function showPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === "number") return `${shown}[${key}]`;
    return shown === "" ? String(key) : `${shown}.${String(key)}`;
  }, "");
}

/** Short, and without the password of a URL in which a password is not expected. */
export function show(value: unknown): string {
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replace(
    /:\/\/[^\s/@"]*@/g,
    "://…@",
  );
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
