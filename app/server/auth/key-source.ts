import { createPublicKey, type KeyObject } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { ConfigError } from "../config";
import type { AuthConfig } from "./auth-config";
import { AuthError } from "./auth-error";

/** Where the keys of tokens come from, and which algorithms fit them. */
export interface KeySource {
  readonly algorithms: readonly string[];
  /** Throws {@link AuthError} `unavailable` if the keys cannot be fetched. */
  readonly find: JWTVerifyGetKey;
}

/** How long a fetched key set is used before it is fetched again. A withdrawn key is refused after this time. Milliseconds. */
const KEY_SET_MAX_AGE_MS = 600_000;

/** Time between two fetches for unknown keys, so that tokens with invented key ids cannot flood the issuer. Milliseconds. */
const KEY_SET_COOLDOWN_MS = 5_000;

/** Shorter than the handshake timeout's default (5 s), so that the client learns the reason. Milliseconds. */
const KEY_SET_TIMEOUT_MS = 3_000;

/**
 * jose refuses an RSA key with fewer bits (RFC 7518 section 3.3). Checked at the start, so that the error does not come with each
 * token.
 */
const MIN_RSA_BITS = 2_048;

/** The configured key or key set; the configuration holds exactly one. Throws `ConfigError`. */
export function createKeySource(config: AuthConfig): KeySource {
  if (config.JWT_SECRET !== undefined) {
    const secret = new TextEncoder().encode(config.JWT_SECRET);
    return { algorithms: ["HS256"], find: () => secret };
  }
  if (config.JWT_PUBLIC_KEY !== undefined) {
    const key = readPublicKey(config.JWT_PUBLIC_KEY);
    return { algorithms: [algorithmOf(key)], find: () => key };
  }
  if (config.JWT_JWKS_URL !== undefined) {
    return { algorithms: ["RS256", "ES256"], find: remoteKeySet(new URL(config.JWT_JWKS_URL)) };
  }
  throw new ConfigError("AUTH_MODE: jwt needs one of JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL; found none");
}

function readPublicKey(pem: string): KeyObject {
  // Node would derive the public key without a warning, and every pod would hold the private key.
  if (pem.includes("PRIVATE KEY")) {
    throw new ConfigError("JWT_PUBLIC_KEY: is a private key; give its public half (openssl pkey -pubout)");
  }
  try {
    return createPublicKey(pem);
  } catch {
    throw new ConfigError("JWT_PUBLIC_KEY: is not a PEM public key (-----BEGIN PUBLIC KEY-----)");
  }
}

function algorithmOf(key: KeyObject): string {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength >= MIN_RSA_BITS) return "RS256";
  if (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1") return "ES256";
  const found = [key.asymmetricKeyType, namedCurve ?? (modulusLength > 0 ? `${modulusLength} bits` : "")];
  throw new ConfigError(
    `JWT_PUBLIC_KEY: must be RSA from ${MIN_RSA_BITS} bits (RS256) or EC on P-256 (ES256), found ${found.join(" ").trim()}`,
  );
}

function remoteKeySet(url: URL): JWTVerifyGetKey {
  const keySet = createRemoteJWKSet(url, {
    cacheMaxAge: KEY_SET_MAX_AGE_MS,
    cooldownDuration: KEY_SET_COOLDOWN_MS,
    timeoutDuration: KEY_SET_TIMEOUT_MS,
  });
  return async (header, token) => {
    // During its cooldown jose does not fetch an unknown key again, although the issuer may have published it since.
    const mayLookAgain = !keySet.coolingDown;
    try {
      return await keySet(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && !mayLookAgain) {
        throw new AuthError("unavailable", "the token's key is not known yet; the key set was read just now");
      }
      if (isAboutToken(error)) throw error;
      throw new AuthError("unavailable", `the key set at ${url.origin} cannot be read`, { cause: error });
    }
  };
}

/**
 * True for errors that the token causes. All others come from the endpoint: unreachable, too slow, not status 200, not a key set.
 */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
