/**
 * The path prefix of a service, as the edge routes it and the pods serve it: segments of letters, digits, `.`, `_`, `~` and `-`,
 * but not `.` and `..`, which browsers and proxies resolve. Configuration, server and proxy share it, so that none of them
 * accepts a path that another one refuses.
 */
export const servicePathPattern = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$|^\/$/;

/** What to write instead of a path that does not match. */
export const servicePathForm =
  "a path such as /messaging: letters, digits, . _ ~ and - between slashes, no slash at its end";
