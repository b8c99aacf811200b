import { issue, type ConfigIssue } from "../issue";
import type { Checked } from "./checked";
import { secret } from "./store";

export function authIssues({ config: { auth, services }, secrets: { jwtSecret } }: Checked): ConfigIssue[] {
  if (auth === undefined) {
    return services.some(({ isApplication }) => isApplication)
      ? [
          issue(
            "auth",
            undefined,
            "{ kind: anonymous }, which lets anyone in, or { kind: jwt, jwksUrl | publicKey, issuer, audience }",
          ),
        ]
      : [];
  }
  if (auth.kind === "anonymous") {
    return jwtSecret === undefined ? [] : [issue("jwtSecret", secret, "nothing, unless auth.kind is jwt")];
  }
  const keys = Object.entries({ jwksUrl: auth.jwksUrl, publicKey: auth.publicKey, jwtSecret })
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key);
  if (keys.length === 1) return [];
  return [
    issue(
      "auth",
      keys.length === 0 ? "no key" : keys.join(" and "),
      "exactly one of auth.jwksUrl, auth.publicKey, the secret holdfast:jwtSecret",
    ),
  ];
}
