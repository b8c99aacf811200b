/** How the end of one socket becomes the end of the other. Pure. */

/** RFC 6455 section 7.4.1: what is reported, but never sent. */
const noStatus = 1005;

/** What a socket reports that ended without a close frame. */
export const abnormal = 1006;

/** RFC 6455: the client asks for what it may not have. */
export const policyViolation = 1008;

/** By default the service closes for good by anything but what says that its process goes, or that it broke. */
export const defaultFinalCodes = {
  /** Of `holdfast.v1.json`: after which a client must not come back (docs/protocol.md), and an expired token. */
  holdfast: "1000,1003,1009,4000-4002",
  /**
   * Of any other service. Not final: 1001 (going away, what servers say at their end), 1006 (no close frame), 1012
   * (service restart), 1013 (try again later), 1014 (bad gateway). 1011 is final: what broke the service once, sent
   * again, would break the next pod.
   */
  websocket: "1000,1002-1005,1007-1011,1015-4999",
  /**
   * Of a service that speaks Socket.IO. Its server ends a process's connections without a code (1005), as it ends that of
   * a client it puts out; but such a client has been told by packets, and has no namespace left.
   */
  "socket.io": "1002-1003,1007-1011,1015-4999",
} as const;

/** Which close codes of the service mean that it closes for good: `1000,1002-1005`. Undefined if the text is wrong. */
export function parseCloseCodes(text: string): ((code: number) => boolean) | undefined {
  const ranges = text.split(",").map((part) => /^\s*(\d{4})(?:-(\d{4}))?\s*$/.exec(part));
  const parsed = ranges.map((range) => range && ([Number(range[1]), Number(range[2] ?? range[1])] as const));
  if (parsed.some((range) => !range || range[0] > range[1] || range[0] < 1000 || range[1] > 4999))
    return undefined;
  return (code) => parsed.some((range) => range && code >= range[0] && code <= range[1]);
}

/** What is sent on one socket for what was reported on the other: undefined where a close frame has no code. */
export function sendableCode(code: number): number | undefined {
  if (code === noStatus) return undefined;
  const known = code >= 1000 && code <= 1014 && ![1004, noStatus, abnormal].includes(code);
  // 1006 and 1015 tell of a socket that broke: to the other one, its peer went away.
  return known || (code >= 3000 && code <= 4999) ? code : 1001;
}
