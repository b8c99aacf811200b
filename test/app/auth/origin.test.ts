import { isOriginAllowed } from "../../../app/server/auth/origin";

const allowed = ["https://nova.social", "http://localhost:3000"];

describe("the Origin of an upgrade", () => {
  it.each(["https://nova.social", "http://localhost:3000"])("is allowed where it is listed: %s", (origin) => {
    expect(isOriginAllowed(origin, allowed)).toBe(true);
  });

  it.each([
    "https://evil.test",
    "http://nova.social",
    "https://nova.social:8443",
    "https://nova.social/",
    "https://nova.social.evil.test",
    "https://evil.test/https://nova.social",
    "https://api.nova.social",
    "https://NOVA.social",
    "https://nova.social, https://evil.test",
    "null",
    "*",
    "",
  ])("is refused where it is not listed exactly: %j", (origin) => {
    expect(isOriginAllowed(origin, allowed)).toBe(false);
  });

  it("is refused where the list is empty", () => {
    expect(isOriginAllowed("https://nova.social", [])).toBe(false);
  });

  it("is not null, even where a list says so: anyone's sandboxed frame sends that", () => {
    expect(isOriginAllowed("null", ["null"])).toBe(false);
  });

  it("is no pattern, even where a list says *", () => {
    expect(isOriginAllowed("https://nova.social", ["*"])).toBe(false);
  });

  it("may be absent: no browser, judged by its token", () => {
    expect(isOriginAllowed(undefined, allowed)).toBe(true);
    expect(isOriginAllowed(undefined, [])).toBe(true);
  });
});
