import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import type { AuthConfig } from "./auth-config";
import { AuthError } from "./auth-error";
import type { Identity } from "./identity";
import { createKeySource } from "./key-source";
import { isUserId, MAX_USER_ID_LENGTH } from "./user-id";

/** The longest token that is decoded. Bytes: half of what Node accepts for all headers together. */
const MAX_TOKEN_LENGTH = 8_192;

/** The greatest difference between the issuer's clock and this pod's clock. Seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Verifies a token of the configured issuer. Throws {@link AuthError}. */
export type JwtVerifier = (token: string) => Promise<Identity>;

/** Creates a verifier for the configured key or key set. */
export function createJwtVerifier(config: AuthConfig): JwtVerifier {
  const keys = createKeySource(config);
  const options: JWTVerifyOptions = {
    // The algorithms follow from the kind of key, never from the token: a public key must not serve as an HMAC secret.
    algorithms: [...keys.algorithms],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ["sub", "exp"],
    ...(config.JWT_ISSUER !== undefined && { issuer: config.JWT_ISSUER }),
    ...(config.JWT_AUDIENCE !== undefined && { audience: config.JWT_AUDIENCE }),
  };
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) {
      throw new AuthError("invalid", `the token has ${token.length} bytes, at most ${MAX_TOKEN_LENGTH}`);
    }
    try {
      const { payload } = await jwtVerify(token, keys.find, options);
      return toIdentity(payload);
    } catch (error) {
      throw toAuthError(error);
    }
  };
}

function toIdentity(payload: JWTPayload): Identity {
  if (!isUserId(payload.sub)) {
    throw new AuthError("invalid", `the token's sub must be 1 to ${MAX_USER_ID_LENGTH} printable characters`);
  }
  // jose requires a number, but JSON's 1e999 is a number too: Infinity.
  const expiresAt = ((payload.exp ?? Infinity) + CLOCK_TOLERANCE_SECONDS) * 1_000;
  if (!Number.isFinite(expiresAt)) throw new AuthError("invalid", "the token's exp is out of range");
  return { user: payload.sub, expiresAt, claims: payload };
}

/** The cause of a jose error holds the token's claims, so it is dropped. Only `unavailable` keeps its cause. */
function toAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return new AuthError("expired", "the token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new AuthError("invalid", `the token's ${error.claim} is missing or not as expected`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new AuthError("invalid", "the token's alg does not fit the configured key");
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new AuthError("invalid", "the token is signed by a key that the key set does not hold");
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return new AuthError("invalid", "the token must name its key (kid): several of the key set fit");
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new AuthError("invalid", "the token's signature is wrong");
  }
  return new AuthError("invalid", "the token is not a valid JWT");
}
