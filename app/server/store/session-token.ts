import { createHash, randomBytes } from "node:crypto";

/** 256 random bits. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** A plain digest is enough: tokens are random, so they cannot be guessed. */
export function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
