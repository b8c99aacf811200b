/** Maps the close code of one socket to the close code of the other. Pure. */

/** RFC 6455 section 7.4.1: reported for a close frame without a code, never sent. */
const noStatus = 1005;

/** Reported for a socket that ended without a close frame. */
export const abnormal = 1006;

/** RFC 6455: the client violates a policy. */
export const policyViolation = 1008;

/** By default every close code of the service is final, except those that mean that its process stops or failed. */
export const defaultFinalCodes = {
  /**
   * For `holdfast.v1.json`: codes after which a client must not come back (docs/protocol.md), and the one for an expired token.
   */
  holdfast: "1000,1003,1009,4000-4002",
  /**
   * For any other service. Not final: 1001 (going away, which servers send when they stop), 1006 (no close frame), 1012 (service
   * restart), 1013 (try again later), 1014 (bad gateway). 1011 is final: a message that broke the service once would break the
   * next pod too.
   */
  websocket: "1000,1002-1005,1007-1011,1015-4999",
  /**
   * For a service that speaks Socket.IO. When its process ends, its server closes connections without a code (1005). It does the
   * same to a client that it disconnects, but such a client gets disconnect packets first and has no namespace left.
   */
  "socket.io": "1002-1003,1007-1011,1015-4999",
} as const;

/** Parses a list of final close codes, such as `1000,1002-1005`. Undefined if the text is malformed. */
export function parseCloseCodes(text: string): ((code: number) => boolean) | undefined {
  const ranges = text.split(",").map((part) => /^\s*(\d{4})(?:-(\d{4}))?\s*$/.exec(part));
  const parsed = ranges.map((range) => range && ([Number(range[1]), Number(range[2] ?? range[1])] as const));
  if (parsed.some((range) => !range || range[0] > range[1] || range[0] < 1000 || range[1] > 4999))
    return undefined;
  return (code) => parsed.some((range) => range && code >= range[0] && code <= range[1]);
}

/** The code to send on one socket for the code that the other one reported. Undefined for a close frame without a code. */
export function sendableCode(code: number): number | undefined {
  if (code === noStatus) return undefined;
  const known = code >= 1000 && code <= 1014 && ![1004, noStatus, abnormal].includes(code);
  // 1006 and 1015 mean that a socket broke. The other socket then closes with "going away".
  return known || (code >= 3000 && code <= 4999) ? code : 1001;
}
