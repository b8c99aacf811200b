import { isOriginAllowed } from "../../../app/server/auth/origin";

const allowed = ["https://nova.social", "http://localhost:3000"];

describe("the Origin of an upgrade", () => {
  it.each(["https://nova.social", "http://localhost:3000"])("is allowed if it is listed: %s", (origin) => {
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
  ])("is refused if it is not listed exactly: %j", (origin) => {
    expect(isOriginAllowed(origin, allowed)).toBe(false);
  });

  it("is refused if the list is empty", () => {
    expect(isOriginAllowed("https://nova.social", [])).toBe(false);
  });

  it("is never allowed to be null, even if the list has it: any site's sandboxed frame sends that", () => {
    expect(isOriginAllowed("null", ["null"])).toBe(false);
  });

  it("is not a pattern, even if the list has *", () => {
    expect(isOriginAllowed("https://nova.social", ["*"])).toBe(false);
  });

  it("may be absent: the client is no browser and is judged by its token", () => {
    expect(isOriginAllowed(undefined, allowed)).toBe(true);
    expect(isOriginAllowed(undefined, [])).toBe(true);
  });
});
