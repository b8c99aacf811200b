/**
 * Whether an upgrade with this Origin header may go on. Every browser sends one, so a listed Origin is what keeps other
 * sites' pages from connecting in a user's name; a client without one is no browser and is judged by its token
 * (in anonymous mode: by nothing). Compared exactly: no wildcards, no ports filled in.
 *
 * `null` is what sandboxed frames and local files of anyone send: it is nobody's Origin and never allowed.
 */
export function isOriginAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  return origin !== "null" && allowed.includes(origin);
}
