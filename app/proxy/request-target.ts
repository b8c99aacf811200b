/**
 * Decides which request targets are forwarded. They are forwarded unchanged, so a target that two servers on the path could read
 * differently is refused. Pure.
 */

/** The most rounds of decoding: no legitimate client encodes a path more often. */
const maxDecodings = 4;

/** The reason why a request target must not be forwarded, for the 400 answer. Undefined if it may be forwarded. */
export function targetIssue(target: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(target) || target.includes("#"))
    return "the request target must be a path and a query of visible ASCII characters, without a fragment";
  const path = decoded(pathOf(target));
  if (/[\\\x00-\x1f\x7f]/.test(path))
    return "the path must not contain \\ or control characters, encoded or not";
  // Servlet containers drop what follows a semicolon, and read `..;` as `..`.
  if (path.split("/").some((segment) => /^\.{1,2}(;.*)?$/s.test(segment)))
    return "the path must not contain the segments . and .., encoded or not";
  return undefined;
}

/** @param prefix a path such as `/chat`; empty for every path */
export function isBelow(target: string, prefix: string): boolean {
  const path = pathOf(target);
  return path === prefix || path.startsWith(`${prefix}/`);
}

function pathOf(target: string): string {
  return target.split("?", 1)[0] ?? "";
}

function decoded(path: string): string {
  let before = path;
  for (let i = 0; i < maxDecodings; i++) {
    const after = before.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
    if (after === before) break;
    before = after;
  }
  return before;
}
