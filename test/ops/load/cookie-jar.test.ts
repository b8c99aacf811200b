import { CookieJar } from "../../../ops/load/cookie-jar";

describe("CookieJar", () => {
  it.each([
    ["nothing", [undefined], undefined],
    ["a cookie", [["SERVERID=x; Path=/messaging; HttpOnly"]], "SERVERID=x"],
    ["a value with =", [["SERVERID=x=y=; Max-Age=60"]], "SERVERID=x=y="],
    ["the newer of two", [["SERVERID=x"], ["SERVERID=y"]], "SERVERID=y"],
    ["several", [["a=1", "b=2"]], "a=1; b=2"],
    ["none after Max-Age=0", [["SERVERID=x"], ["SERVERID=; Path=/; Max-Age=0"]], undefined],
    [
      "none after a past Expires",
      [["SERVERID=x"], ["SERVERID=; expires=Thu, 01 Jan 1970 00:00:00 GMT"]],
      undefined,
    ],
    ["one until a future Expires", [["SERVERID=x; Expires=Fri, 01 Jan 2100 00:00:00 GMT"]], "SERVERID=x"],
  ])("keeps %s", (_title, responses, header) => {
    const jar = new CookieJar();
    for (const headers of responses) jar.store(headers);
    expect(jar.header).toBe(header);
  });
});
