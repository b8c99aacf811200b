import { createAuthenticator, type Authenticator } from "../../../app/server/auth/authenticator";
import { startKeyServer, type KeyServer } from "./key-server";
import { claims, ecKeys, jwtConfig, rsaKeys, sign } from "./tokens";

const first = rsaKeys();
const second = ecKeys();
let server: KeyServer;
let authenticator: Authenticator;

beforeEach(async () => {
  server = await startKeyServer();
  server.publish([["first", first]]);
  authenticator = createAuthenticator(jwtConfig({ JWT_JWKS_URL: server.url }));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await server.stop();
});

const byFirst = () => sign(claims(), { key: first.privateKey, alg: "RS256", kid: "first" });
const bySecond = () => sign(claims(), { key: second.privateKey, alg: "ES256", kid: "second" });
const authenticate = (token: string) => authenticator.authenticate(token, "seed");

/** The key set's age and cool-down are measured by Date.now; the tokens' times are not. */
function passTime(ms: number): void {
  const later = Date.now() + ms;
  jest.spyOn(Date, "now").mockImplementation(() => later);
}

describe("a key set at a URL", () => {
  it("is fetched once for many tokens", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, byFirst));
    const identities = await Promise.all(tokens.map(authenticate));

    expect(identities.map(({ user }) => user)).toEqual(Array.from({ length: 20 }, () => "ada"));
    expect(server.requests).toBe(1);
  });

  it("accepts RS256 and ES256 keys in one set", async () => {
    server.publish([
      ["first", first],
      ["second", second],
    ]);
    await expect(authenticate(await byFirst())).resolves.toMatchObject({ user: "ada" });
    await expect(authenticate(await bySecond())).resolves.toMatchObject({ user: "ada" });
  });

  it("is fetched again for an unknown key, and then refuses a withdrawn one", async () => {
    await authenticate(await byFirst());
    server.publish([["second", second]]);
    passTime(6_000);

    await expect(authenticate(await bySecond())).resolves.toMatchObject({ user: "ada" });
    expect(server.requests).toBe(2);
    passTime(6_000);
    await expect(authenticate(await byFirst())).rejects.toMatchObject({ code: "invalid" });
  });

  it("answers unavailable, without asking the issuer, if a new key comes within the cool-down", async () => {
    await authenticate(await byFirst());
    server.publish([["second", second]]);

    await expect(authenticate(await bySecond())).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
    expect(server.requests).toBe(1);
  });

  it("calls a key invalid if no fresh key set has it", async () => {
    await authenticate(await byFirst());
    passTime(6_000);

    await expect(authenticate(await bySecond())).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/key that the key set does not hold/) as string,
    });
    expect(server.requests).toBe(2);
  });

  it("drops withdrawn keys after its maximum age of ten minutes", async () => {
    await authenticate(await byFirst());
    server.publish([["second", second]]);
    passTime(600_001);

    await expect(authenticate(await byFirst())).rejects.toMatchObject({ code: "invalid" });
    expect(server.requests).toBe(2);
  });

  it("accepts a token without kid only if exactly one key fits", async () => {
    const nameless = await sign(claims(), { key: first.privateKey, alg: "RS256" });
    await expect(authenticate(nameless)).resolves.toMatchObject({ user: "ada" });

    server.publish([
      [undefined, first],
      [undefined, rsaKeys()],
    ]);
    passTime(600_001);
    await expect(authenticate(nameless)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/kid/) as string,
    });
  });

  it("is not fetched for an algorithm that key sets do not allow", async () => {
    const { pem } = first;
    await expect(
      authenticate(await sign(claims(), { key: pem, alg: "HS256", kid: "first" })),
    ).rejects.toMatchObject({ code: "invalid" });
    expect(server.requests).toBe(0);
  });

  it("refuses a symmetric key, even if one is published", async () => {
    server.answer(200, JSON.stringify({ keys: [{ kty: "oct", kid: "oct", k: "c2VjcmV0" }] }));
    await expect(
      authenticate(await sign(claims(), { key: "secret".repeat(8), alg: "HS256", kid: "oct" })),
    ).rejects.toMatchObject({ code: "invalid" });
  });
});

describe("a key set that cannot be read is no verdict on the token", () => {
  const unavailable = { name: "AuthError", code: "unavailable", retryable: true };

  it.each([
    ["an error of the issuer", 503, "away"],
    ["a redirect, which could lead anywhere", 302, ""],
    ["no JSON", 200, "<html>"],
    ["JSON that is no key set", 200, `{"keys":7}`],
  ])("%s", async (_title, status, body) => {
    server.answer(status, body);
    await expect(authenticate(await byFirst())).rejects.toMatchObject(unavailable);
  });

  it("no server is listening", async () => {
    const { url } = server;
    await server.stop();
    const error: unknown = await authenticate(await byFirst()).catch((caught: unknown) => caught);
    expect(error).toMatchObject(unavailable);
    expect((error as Error).message).toBe(`the key set at ${new URL(url).origin} cannot be read`);
  });

  it("an issuer that comes back", async () => {
    server.answer(500, "");
    await expect(authenticate(await byFirst())).rejects.toMatchObject(unavailable);
    server.publish([["first", first]]);
    await expect(authenticate(await byFirst())).resolves.toMatchObject({ user: "ada" });
  });

  it("an issuer that never answers", async () => {
    server.hang();
    await expect(authenticate(await byFirst())).rejects.toMatchObject(unavailable);
  }, 30_000);

  it("known keys stay valid while the issuer is unavailable", async () => {
    await authenticate(await byFirst());
    await server.stop();
    await expect(authenticate(await byFirst())).resolves.toMatchObject({ user: "ada" });
  });
});
