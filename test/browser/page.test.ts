import { SignJWT } from "jose";
import type { Browser, Page } from "playwright-core";
import { findChromium } from "../../ops/browser/install";
import { launchChromium } from "../../ops/browser/launch";
import { screens, openPage, visitor } from "../../ops/pictures/screens";
import { startPageStack, type PageStack } from "../../ops/pictures/page-stack";
import { consoleErrorsOf, figures, moved } from "./reading";

const chromium = findChromium();
if (chromium === undefined) {
  console.warn(
    "left out: there is no Chromium or Chrome on the PATH; `npx tsx ops/browser/ensure.ts` installs one",
  );
}

/** A browser and seven pods run next to all other tests. */
jest.setTimeout(300_000);

const secret = "a key of thirty-two bytes or more, for tests";
const issuer = "https://id.example";
const audience = "api.example";

(chromium === undefined ? describe.skip : describe)("the page, in a browser", () => {
  let browser: Browser;
  /** A stack that anyone may use, and one that requires a token. */
  let open: PageStack;
  let guarded: PageStack;
  beforeAll(async () => {
    const overrides = { auth: { kind: "jwt", issuer, audience }, jwtSecret: secret };
    [browser, open, guarded] = await Promise.all([
      launchChromium(chromium ?? ""),
      startPageStack({ name: "page-open", replicas: 2 }),
      startPageStack({ name: "page-guarded", replicas: 1, overrides }),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all([open.stack.stop({ force: true }), guarded.stack.stop({ force: true })]);
  });

  it("loses nothing through a rolling restart, and shows its pod", async () => {
    const { stack, url } = open;
    const before = (await stack.pods()).map(({ name }) => name);
    const pages = await Promise.all(screens.map((screen) => openPage(browser, url, screen)));
    const errors = pages.flatMap((page) => consoleErrorsOf(page));
    const [sender] = pages as [Page, ...Page[]];
    await sender.getByRole("switch", { name: "Steady beat" }).check();

    await stack.restartDeployments();
    await Promise.all([stack.rolledOut(), ...pages.map((page) => moved(page))]);
    await stack.settled();
    await sender.getByRole("textbox", { name: "Message" }).fill("<b>the last word</b>");
    await sender.getByRole("textbox", { name: "Message" }).press("Enter");
    // It appears as text: what people write never becomes markup.
    for (const page of pages) await page.getByText("<b>the last word</b>").first().waitFor();

    const after = (await stack.pods()).filter(({ ready }) => ready).map(({ name }) => name);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    for (const page of pages) {
      expect(after).toContain(await page.locator("#pod-name").innerText());
      expect(await figures(page)).toMatchObject({ lost: 0, duplicated: 0, cuts: 0 });
      expect(await page.locator(".event.moved").first().innerText()).toContain("nothing missed");
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    }
    expect(errors).toEqual([]);
    for (const page of pages) await page.context().close();
  });

  it("asks for a token, shows why one is refused, and keeps it out of address and storage", async () => {
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "HS256" })
      .setSubject("ada")
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime("5 minutes")
      .sign(new TextEncoder().encode(secret));
    const context = await visitor(browser);
    const page = await context.newPage();
    const requested: string[] = [];
    page.on("request", (request) => requested.push(request.url()));
    page.on("websocket", (socket) => requested.push(socket.url()));
    await page.goto(guarded.url);
    const field = page.getByRole("textbox", { name: "Token" });
    const connect = page.getByRole("button", { name: "Connect" });

    await field.fill("not-a-token");
    await connect.click();
    await page.getByRole("alert").getByText("4001").waitFor();
    await field.fill(token);
    await connect.click();
    await page.locator("#state[data-state=connected]").waitFor();

    expect(await page.locator("#user").innerText()).toBe("ada");
    expect(await page.locator("#token").inputValue()).toBe("");
    expect([page.url(), ...requested].filter((url) => url.includes(token))).toEqual([]);
    const kept = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])";
    expect(await page.evaluate(kept)).toBe('[{},{},""]');
    await context.close();
  });

  it("is not wider than a phone while it is disconnected, which has its longest text", async () => {
    const phone = screens.find(({ context: { isMobile } }) => isMobile);
    const context = await visitor(browser, phone?.context);
    const page = await context.newPage();
    await page.goto(guarded.url);
    await page.locator("#service").getByText("messaging-service").waitFor();
    expect(await page.locator("#state").innerText()).toBe("not connected");
    // Measured in the layout, because a phone zooms out until everything fits.
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBe(0);
    await context.close();
  });
});
