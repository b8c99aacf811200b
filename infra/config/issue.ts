/** One error of the configuration: the key, its value, the values that it may have, and the change to make. */
export interface ConfigIssue {
  /** Without the project's name: for example `services[0].ports.http`. */
  readonly path: string;
  /** Undefined if the key is missing. */
  readonly actual: string | undefined;
  /** What the key may hold; `nothing, since …` if it must not be set. */
  readonly expected: string;
  /** The change, unless it is to set the key to `expected`. A sentence. */
  readonly fix?: string | undefined;
}

/** An issue of plain values. */
export function issue(
  path: string,
  actual: string | number | boolean | undefined,
  expected: string,
  fix?: string,
): ConfigIssue {
  return { path, actual: actual === undefined ? undefined : String(actual), expected, fix };
}

/** The issue in one or two sentences: what is wrong, where, and the change that fixes it. */
export function describeIssue({ path, actual, expected, fix }: ConfigIssue): string {
  const forbidden = /^nothing(?:[,:] (?<reason>.*))?$/s.exec(expected);
  if (forbidden) {
    return `${path} is ${actual ?? "set"}. ${fix ?? removal(forbidden.groups?.reason)}`;
  }
  const state = actual === undefined ? "is missing" : `is ${actual}`;
  if (fix === undefined) return `${path} ${state}. Set it to ${expected}.`;
  return `${path} ${state}, expected ${expected}. ${fix}`;
}

/** Turns the reason why a key must not be set into a sentence that asks the reader to remove it. */
function removal(reason: string | undefined): string {
  if (reason === undefined) return "Remove it.";
  if (reason.startsWith("since ")) return `Remove it, because ${reason.slice("since ".length)}.`;
  if (reason.startsWith("unless "))
    return `Remove it: it is allowed only if ${reason.slice("unless ".length)}.`;
  return `Remove it: ${reason}.`;
}
