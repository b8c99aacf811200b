import { createHmac } from "node:crypto";
import type { AuthErrorCode } from "../../../app/server/auth/auth-error";
import type { AuthConfig } from "../../../app/server/auth/auth-config";
import { createAuthenticator } from "../../../app/server/auth/authenticator";
import { ConfigError } from "../../../app/server/config";
import { claims, ecKeys, jwtConfig, part, rsaKeys, SECRET, secondsFromNow, sign } from "./tokens";

const SEED = "the-client-id-of-one-instance";
const rsa = rsaKeys();
const ec = ecKeys();
const withSecret = jwtConfig({ JWT_SECRET: SECRET });
const withRsa = jwtConfig({ JWT_PUBLIC_KEY: rsa.pem });
const withEc = jwtConfig({ JWT_PUBLIC_KEY: ec.pem });
const withIssuer = jwtConfig({ JWT_SECRET: SECRET, JWT_ISSUER: "https://id.test", JWT_AUDIENCE: "chat" });

const authenticate = (config: AuthConfig, token: string | undefined) =>
  createAuthenticator(config).authenticate(token, SEED);

describe("a token that is accepted", () => {
  it.each([
    ["HS256 with the secret", withSecret, { key: SECRET, alg: "HS256" }],
    ["RS256 with the RSA key", withRsa, { key: rsa.privateKey, alg: "RS256" }],
    ["ES256 with the EC key", withEc, { key: ec.privateKey, alg: "ES256" }],
  ])("returns the user, the expiry and the claims: %s", async (_title, config, signer) => {
    const payload = claims({ team: "blue" });
    const identity = await authenticate(config, await sign(payload, signer));

    expect(identity).toEqual({
      user: "ada",
      expiresAt: ((payload.exp ?? 0) + 5) * 1_000,
      claims: payload,
    });
  });

  it("may have expired a moment ago, or become valid in a moment: clocks differ", async () => {
    const token = await sign(claims({ exp: secondsFromNow(-2), nbf: secondsFromNow(2) }));
    const identity = await authenticate(withSecret, token);

    expect(identity.expiresAt).toBeGreaterThan(Date.now());
  });

  it("is from the configured issuer and for the configured audience, or for several", async () => {
    const token = await sign(claims({ iss: "https://id.test", aud: ["mail", "chat"] }));
    await expect(authenticate(withIssuer, token)).resolves.toMatchObject({ user: "ada" });
  });

  it("may have a sub of 128 characters", async () => {
    const sub = "é".repeat(128);
    await expect(authenticate(withSecret, await sign(claims({ sub })))).resolves.toMatchObject({ user: sub });
  });
});

interface Refusal {
  readonly title: string;
  readonly config?: AuthConfig;
  readonly token: () => string | undefined | Promise<string>;
  readonly code: AuthErrorCode;
  readonly message: RegExp;
}

const unsigned = (alg: string) => `${part({ alg })}.${part(claims())}.`;
const withoutClaim = (name: "sub" | "exp") => sign({ ...claims(), [name]: undefined });
const issued = (over: object) => sign(claims({ iss: "https://id.test", aud: "chat", ...over }));

const refusals: readonly Refusal[] = [
  { title: "none", token: () => undefined, code: "missing", message: /none was given/ },
  { title: "an empty one", token: () => "", code: "missing", message: /none was given/ },
  { title: "not a JWT", token: () => "let-me-in", code: "invalid", message: /not a valid JWT/ },
  { title: "three empty parts", token: () => "..", code: "invalid", message: /not a valid JWT/ },
  {
    title: "longer than 8 KiB",
    token: () => sign(claims({ filler: "x".repeat(8_192) })),
    code: "invalid",
    message: /at most 8192/,
  },
  {
    title: "signed with another secret",
    token: () => sign(claims(), { key: `${SECRET}!` }),
    code: "invalid",
    message: /signature/,
  },
  {
    title: "stolen from someone and given another sub",
    token: async () => {
      const [header, , signature] = (await sign(claims())).split(".");
      return [header, part(claims({ sub: "eve" })), signature].join(".");
    },
    code: "invalid",
    message: /signature/,
  },
  {
    title: "signed with another RSA key",
    config: withRsa,
    token: () => sign(claims(), { key: rsaKeys().privateKey, alg: "RS256" }),
    code: "invalid",
    message: /signature/,
  },
  {
    title: "signed with another EC key",
    config: withEc,
    token: () => sign(claims(), { key: ecKeys().privateKey, alg: "ES256" }),
    code: "invalid",
    message: /signature/,
  },
  {
    title: "expired longer ago than clocks differ",
    token: () => sign(claims({ exp: secondsFromNow(-30) })),
    code: "expired",
    message: /expired/,
  },
  {
    title: "expired and signed with another secret: no hint that it was ever good",
    token: () => sign(claims({ exp: secondsFromNow(-30) }), { key: `${SECRET}!` }),
    code: "invalid",
    message: /signature/,
  },
  {
    title: "not valid yet",
    token: () => sign(claims({ nbf: secondsFromNow(60) })),
    code: "invalid",
    message: /nbf/,
  },
  { title: "without exp", token: () => withoutClaim("exp"), code: "invalid", message: /exp is missing/ },
  { title: "without sub", token: () => withoutClaim("sub"), code: "invalid", message: /sub is missing/ },
  {
    title: "with an empty sub",
    token: () => sign(claims({ sub: "" })),
    code: "invalid",
    message: /sub must be 1 to 128/,
  },
  {
    title: "with a sub that is no string",
    token: () => sign({ ...claims(), sub: 7 as unknown as string }),
    code: "invalid",
    message: /sub/,
  },
  {
    title: "with a sub of 129 characters",
    token: () => sign(claims({ sub: "x".repeat(129) })),
    code: "invalid",
    message: /sub must be 1 to 128/,
  },
  {
    title: "with a line break in sub",
    token: () => sign(claims({ sub: "ada\nlevel=error" })),
    code: "invalid",
    message: /printable/,
  },
  {
    title: "with half a surrogate pair in sub",
    token: () => sign(claims({ sub: "\ud800" })),
    code: "invalid",
    message: /printable/,
  },
  {
    title: "with an exp that is no number",
    token: () => sign({ ...claims(), exp: "soon" as unknown as number }),
    code: "invalid",
    message: /exp/,
  },
  {
    title: "from another issuer",
    config: withIssuer,
    token: () => issued({ iss: "https://evil.test" }),
    code: "invalid",
    message: /iss/,
  },
  {
    title: "without an issuer where one is wanted",
    config: withIssuer,
    token: () => issued({ iss: undefined }),
    code: "invalid",
    message: /iss/,
  },
  {
    title: "for another audience",
    config: withIssuer,
    token: () => issued({ aud: "mail" }),
    code: "invalid",
    message: /aud/,
  },
  { title: "alg none", token: () => unsigned("none"), code: "invalid", message: /alg/ },
  {
    title: "alg None against RSA",
    config: withRsa,
    token: () => unsigned("None"),
    code: "invalid",
    message: /alg/,
  },
  {
    title: "the public key used as an HMAC secret",
    config: withRsa,
    token: () => sign(claims(), { key: rsa.pem, alg: "HS256" }),
    code: "invalid",
    message: /alg/,
  },
  {
    title: "the EC public key used as an HMAC secret",
    config: withEc,
    token: () => sign(claims(), { key: ec.pem, alg: "HS256" }),
    code: "invalid",
    message: /alg/,
  },
  {
    title: "RS256 where a secret is configured",
    token: () => sign(claims(), { key: rsa.privateKey, alg: "RS256" }),
    code: "invalid",
    message: /alg/,
  },
  {
    title: "the right secret with HS512, which nobody configured",
    token: () => sign(claims(), { key: SECRET.repeat(2), alg: "HS512" }),
    code: "invalid",
    message: /alg/,
  },
  {
    title: "the right RSA key with PS256",
    config: withRsa,
    token: () => sign(claims(), { key: rsa.privateKey, alg: "PS256" }),
    code: "invalid",
    message: /alg/,
  },
  {
    title: "a critical header that is not understood",
    token: async () => {
      const [, payload, signature] = (await sign(claims())).split(".");
      return [part({ alg: "HS256", crit: ["mfa"], mfa: true }), payload, signature].join(".");
    },
    code: "invalid",
    message: /not a valid JWT/,
  },
  {
    title: "its own key in the header",
    config: withRsa,
    token: async () => {
      const own = rsaKeys();
      const [, payload, signature] = (await sign(claims(), { key: own.privateKey, alg: "RS256" })).split(".");
      const header = { alg: "RS256", jwk: own.publicKey.export({ format: "jwk" }) };
      return [part(header), payload, signature].join(".");
    },
    code: "invalid",
    message: /signature/,
  },
];

describe("a token that is refused", () => {
  it.each(refusals)("$title: $code", async ({ config = withSecret, token, code, message }) => {
    const value = await token();
    const error: unknown = await authenticate(config, value).catch((caught: unknown) => caught);

    expect(error).toMatchObject({ name: "AuthError", code, retryable: false });
    expect((error as Error).message).toMatch(message);
    // Neither message nor cause may bring the token or its claims into a log.
    expect((error as Error).cause).toBeUndefined();
    if (value !== undefined && value.length > 2) expect((error as Error).message).not.toContain(value);
  });

  it("an exp that is infinite: invalid", async () => {
    // JSON.stringify never writes 1e999, so the token is built by hand and signed as text.
    const payload = Buffer.from(`{"sub":"ada","exp":1e999}`).toString("base64url");
    const head = `${part({ alg: "HS256" })}.${payload}`;
    const signature = createHmac("sha256", SECRET).update(head).digest("base64url");

    await expect(authenticate(withSecret, `${head}.${signature}`)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/exp is out of range/) as string,
    });
  });
});

describe("anonymous mode", () => {
  const anonymous = createAuthenticator(jwtConfig({ AUTH_MODE: "anonymous" }));

  it("derives the user id from 128 bits of the seed's hash, the same each time", async () => {
    const [first, again] = await Promise.all([
      anonymous.authenticate(undefined, SEED),
      anonymous.authenticate(undefined, SEED),
    ]);
    expect(first).toEqual({ user: expect.stringMatching(/^anon-[A-Za-z0-9_-]{22}$/) as string, claims: {} });
    expect(again).toEqual(first);
    expect(first.user).not.toContain(SEED);
  });

  it("gives different seeds different users", async () => {
    const one = await anonymous.authenticate(undefined, "one");
    const two = await anonymous.authenticate(undefined, "two");
    expect(one.user).not.toBe(two.user);
  });

  it("ignores a token, good or bad", async () => {
    const { user } = await anonymous.authenticate(undefined, SEED);
    await expect(anonymous.authenticate("rubbish", SEED)).resolves.toMatchObject({ user });
    await expect(anonymous.authenticate(await sign(claims()), SEED)).resolves.toMatchObject({ user });
  });
});

describe("a key that cannot be used is refused at the start", () => {
  const privatePem = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  it.each([
    ["no PEM", "c2VjcmV0", /not a PEM public key/],
    ["a private key", privatePem, /is a private key/],
    ["RSA of 1024 bits", rsaKeys(1_024).pem, /found rsa 1024 bits/],
    ["EC on P-384", ecKeys("P-384").pem, /found ec secp384r1/],
  ])("%s", (_title, pem, message) => {
    const create = () => createAuthenticator(jwtConfig({ JWT_PUBLIC_KEY: pem }));
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(message);
  });

  it("no key at all", () => {
    expect(() => createAuthenticator(jwtConfig({}))).toThrow(/needs one of JWT_SECRET/);
  });
});
