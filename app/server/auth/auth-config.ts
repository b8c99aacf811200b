import type { AppConfig } from "../config";

/** The part of the configuration that authentication reads. */
export type AuthConfig = Pick<
  AppConfig,
  "AUTH_MODE" | "JWT_SECRET" | "JWT_PUBLIC_KEY" | "JWT_JWKS_URL" | "JWT_ISSUER" | "JWT_AUDIENCE"
>;
