import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

/** What a picture is taken on. */
export interface Screen {
  readonly name: string;
  readonly context: BrowserContextOptions;
}

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Desktop and phone, light and dark. */
export const screens: readonly Screen[] = (["light", "dark"] as const).flatMap((colorScheme) => [
  { name: `desktop-${colorScheme}`, context: { ...desktop, colorScheme } },
  { name: `phone-${colorScheme}`, context: { ...phone, colorScheme } },
]);

/** What is awaited comes; this only ends a wait for what never does, on however busy a machine. Milliseconds. */
const patienceMs = 120_000;

/** A new visitor's browser: no cookies, nothing stored. */
export async function visitor(
  browser: Browser,
  context: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const made = await browser.newContext({ locale: "en-GB", ...context });
  made.setDefaultTimeout(patienceMs);
  return made;
}

/** Opens the page as a new visitor, and resolves once it is connected. */
export async function visit(browser: Browser, url: string, { context }: Screen): Promise<Page> {
  const page = await (await visitor(browser, context)).newPage();
  await page.goto(url);
  await page.locator("#state[data-state=connected]").waitFor();
  return page;
}
