import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether `authorization` metadata is exactly one `Bearer <token>`. Takes the same time for every wrong token: hashes have
 * one length and are compared in constant time, so that neither length nor beginning can be found by trying.
 */
export function isBearer(authorization: readonly (string | Buffer)[], token: string): boolean {
  const [value] = authorization;
  if (authorization.length !== 1 || typeof value !== "string") return false;
  return timingSafeEqual(digest(value), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
