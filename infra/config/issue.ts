/** One thing that is wrong with the configuration: the key, what it holds, what it may hold, and the change to make. */
export interface ConfigIssue {
  /** Without the project's name, such as `services[0].ports.http`. */
  readonly path: string;
  /** Undefined where the key is missing. */
  readonly actual: string | undefined;
  /** What it may hold; `nothing, since …` where it may not be set. */
  readonly expected: string;
  /** The change, where it is another than setting the key to `expected`. A sentence. */
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
    const reason = forbidden.groups?.reason;
    return `${path} is ${actual ?? "set"}. ${fix ?? `Remove it${reason === undefined ? "" : `: ${reason}`}.`}`;
  }
  const state = actual === undefined ? "is missing" : `is ${actual}`;
  if (fix === undefined) return `${path} ${state}. Set it to ${expected}.`;
  return `${path} ${state}, expected ${expected}. ${fix}`;
}
