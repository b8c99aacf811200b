import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT, type JWTPayload } from "jose";
import type { AuthConfig } from "../../../app/server/auth/auth-config";

/** An HS256 secret of the required length. */
export const SECRET = "a-secret-for-tests-of-at-least-32-bytes";

/** A key pair, with its public half in the configuration's form. */
export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly pem: string;
}

export function rsaKeys(bits = 2_048): Keys {
  return withPem(generateKeyPairSync("rsa", { modulusLength: bits }));
}

export function ecKeys(namedCurve = "P-256"): Keys {
  return withPem(generateKeyPairSync("ec", { namedCurve }));
}

function withPem({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Keys {
  return { privateKey, publicKey, pem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** Seconds since 1970, `offset` from now. */
export function secondsFromNow(offset: number): number {
  return Math.floor(Date.now() / 1_000) + offset;
}

/** A configuration in jwt mode with defaults for the rest. */
export function jwtConfig(over: Partial<AuthConfig>): AuthConfig {
  return {
    AUTH_MODE: "jwt",
    JWT_SECRET: undefined,
    JWT_PUBLIC_KEY: undefined,
    JWT_JWKS_URL: undefined,
    JWT_ISSUER: undefined,
    JWT_AUDIENCE: undefined,
    ...over,
  };
}

/** The claims of a token that every configuration without issuer and audience accepts; each test changes one. */
export function claims(over: JWTPayload = {}): JWTPayload {
  return { sub: "ada", exp: secondsFromNow(60), ...over };
}

/** Signs claims. `key` is a secret's text or a private key. */
export function sign(
  payload: JWTPayload,
  { key = SECRET, alg = "HS256", kid }: { key?: string | KeyObject; alg?: string; kid?: string } = {},
): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(typeof key === "string" ? new TextEncoder().encode(key) : key);
}

/** One encoded part of a token, for tokens that no library would sign. */
export function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
