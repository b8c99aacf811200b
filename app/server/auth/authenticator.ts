import { createHash } from "node:crypto";
import type { AppConfig } from "../config";
import { AuthError } from "./auth-error";
import { createJwtVerifier } from "./jwt";

/** Who a connection belongs to. */
export interface Identity {
  /** 1–128 characters: the token's `sub`, or `anon-…` without authentication. */
  readonly user: string;
  /**
   * When the identity ends and its sockets close. Unix milliseconds: the token's `exp` plus the clock tolerance.
   * Absent: never. May lie further ahead than one timer reaches (2^31 ms, 24.8 days).
   */
  readonly expiresAt?: number;
  /** What the token says, verified; empty for anonymous users. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Turns what a connection presents into the user that it belongs to. */
export interface Authenticator {
  /**
   * Throws {@link AuthError}.
   * @param token what the upgrade or the hello carried. Ignored in anonymous mode.
   * @param anonymousSeed what stays the same for one client instance and is known to it alone: its `client` id.
   */
  authenticate(token: string | undefined, anonymousSeed: string): Promise<Identity>;
}

/** The part of the configuration that authentication reads. */
export type AuthConfig = Pick<
  AppConfig,
  "AUTH_MODE" | "JWT_SECRET" | "JWT_PUBLIC_KEY" | "JWT_JWKS_URL" | "JWT_ISSUER" | "JWT_AUDIENCE"
>;

/** The authenticator that the configuration asks for. Throws `ConfigError` for a public key that cannot be used. */
export function createAuthenticator(config: AuthConfig): Authenticator {
  if (config.AUTH_MODE === "anonymous") {
    return { authenticate: (_token, anonymousSeed) => Promise.resolve(anonymousIdentity(anonymousSeed)) };
  }
  const verify = createJwtVerifier(config);
  return {
    async authenticate(token) {
      if (token === undefined || token === "") {
        throw new AuthError("missing", "a token is needed, none was given");
      }
      return verify(token);
    },
  };
}

/** 128 bits of the seed's hash: the same client comes back as the same user, and the user's name does not give the seed away. */
function anonymousIdentity(seed: string): Identity {
  const hash = createHash("sha256").update(seed).digest().subarray(0, 16);
  return { user: `anon-${hash.toString("base64url")}`, claims: {} };
}
