import { readCredentials } from "../../../app/server/auth/credentials";

const TOKEN = "eyJh.eyJz.c2ln-_";
const url = "/messaging/chat/lobby";
const bearer = { authorization: `Bearer ${TOKEN}` };
const offer = (...names: string[]) => ({ "sec-websocket-protocol": names.join(", ") });

describe("the token of an upgrade request", () => {
  it.each([
    ["the Authorization header", bearer],
    ["the header with the scheme in lower case", { authorization: `bearer  ${TOKEN} ` }],
    ["the subprotocol", offer("holdfast.v1.json", `holdfast.token.${TOKEN}`)],
    ["the subprotocol alone, with no space", { "sec-websocket-protocol": `a,holdfast.token.${TOKEN},b` }],
    ["both, the same", { ...bearer, ...offer(`holdfast.token.${TOKEN}`) }],
    [
      "the subprotocol beside an edge's Basic",
      { authorization: "Basic YTpi", ...offer(`holdfast.token.${TOKEN}`) },
    ],
  ])("is read from %s", (_title, headers) => {
    expect(readCredentials({ url, headers })).toEqual({ ok: true, token: TOKEN });
  });

  it.each([
    ["nothing is sent", {}],
    ["the scheme is another", { authorization: "Basic YTpi" }],
    ["only the protocol is offered", offer("holdfast.v1.json")],
    ["the token subprotocol is empty", offer("holdfast.v1.json", "holdfast.token.")],
  ])("is absent if %s: hello may carry one", (_title, headers) => {
    expect(readCredentials({ url, headers })).toEqual({ ok: true });
  });

  it.each([
    ["nothing", { authorization: "Bearer" }],
    ["nothing but spaces", { authorization: "Bearer   " }],
    ["two words", { authorization: `Bearer ${TOKEN} x` }],
    ["quotes", { authorization: `Bearer "${TOKEN}"` }],
    ["a colon instead of a space", { authorization: `Bearer:${TOKEN}` }],
  ])("is refused if Bearer is followed by %s", (_title, headers) => {
    const credentials = readCredentials({ url, headers });
    expect(credentials).toEqual({ ok: false, reason: expect.stringContaining("Bearer") as string });
    expect(JSON.stringify(credentials)).not.toContain(TOKEN);
  });

  it.each([
    ["header and subprotocol", { ...bearer, ...offer("holdfast.token.other") }],
    ["two subprotocols", offer(`holdfast.token.${TOKEN}`, "holdfast.token.other")],
  ])("is refused if %s disagree", (_title, headers) => {
    expect(readCredentials({ url, headers })).toEqual({
      ok: false,
      reason: expect.stringContaining("several") as string,
    });
  });
});

describe("a token in the URL", () => {
  it.each([
    ["token", `?token=${TOKEN}`],
    ["access_token", `?v=1&access_token=${TOKEN}`],
    ["jwt", `?jwt=${TOKEN}&v=1`],
    ["authorization", `?Authorization=Bearer%20${TOKEN}`],
    ["token", "?token="],
    ["token", "?TOKEN"],
    ["token", `?%74oken=${TOKEN}`],
    ["token", `?a?b&token=${TOKEN}`],
  ])("is refused by its key %s in %s, with a good header or without", (key, query) => {
    for (const headers of [{}, bearer]) {
      const credentials = readCredentials({ url: url + query, headers });
      expect(credentials).toEqual({
        ok: false,
        reason: expect.stringContaining(`URL (${key})`) as string,
      });
      expect(JSON.stringify(credentials)).not.toContain(TOKEN);
    }
  });

  it.each(["?room=token", "?tokens=3", "?", "?%", "#token=x"])("is not suspected in %s", (query) => {
    expect(readCredentials({ url: url + query, headers: bearer })).toEqual({ ok: true, token: TOKEN });
  });

  it("is not suspected in a request without a target", () => {
    expect(readCredentials({ headers: {} })).toEqual({ ok: true });
  });
});
