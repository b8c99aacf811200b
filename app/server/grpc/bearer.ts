import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether the `authorization` metadata is exactly one `Bearer <token>`. The check takes the same time for every wrong token: it
 * compares hashes, which have one length, in constant time, so a caller cannot find the length or the beginning by trying.
 */
export function isBearer(authorization: readonly (string | Buffer)[], token: string): boolean {
  const [value] = authorization;
  if (authorization.length !== 1 || typeof value !== "string") return false;
  return timingSafeEqual(digest(value), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
