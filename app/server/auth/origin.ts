/**
 * Whether an upgrade with this Origin header is allowed. Every browser sends the header, so the list keeps pages of other sites
 * from connecting in a user's name. A client without the header is not a browser, and only its token is checked (in anonymous
 * mode: nothing). The comparison is exact: no wildcards, no default ports.
 * `null` is never allowed: sandboxed frames and local files of any site send it.
 */
export function isOriginAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  return origin !== "null" && allowed.includes(origin);
}
