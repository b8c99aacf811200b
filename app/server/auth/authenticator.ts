import { createHash } from "node:crypto";
import type { AuthConfig } from "./auth-config";
import { AuthError } from "./auth-error";
import type { Identity } from "./identity";
import { createJwtVerifier } from "./jwt";

/** Finds the user of a connection from the token that the client sent. */
export interface Authenticator {
  /**
   * Throws {@link AuthError}.
   * @param token the token of the upgrade or the hello. Ignored in anonymous mode.
   * @param anonymousSeed a value that stays the same for one client instance and that only it knows: its `client` id.
   */
  authenticate(token: string | undefined, anonymousSeed: string): Promise<Identity>;
}

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

/**
 * Uses 128 bits of the seed's hash: the same client gets the same user id each time, and the user id does not reveal the seed.
 */
function anonymousIdentity(seed: string): Identity {
  const hash = createHash("sha256").update(seed).digest().subarray(0, 16);
  return { user: `anon-${hash.toString("base64url")}`, claims: {} };
}
