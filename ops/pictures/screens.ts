import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

/** The screen for a picture. */
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

/** Limits waits for events that never happen, even on a busy machine. Milliseconds. */
const timeoutMs = 120_000;

/** The browser of a new visitor: no cookies, no stored data. */
export async function visitor(
  browser: Browser,
  context: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const made = await browser.newContext({ locale: "en-GB", ...context });
  made.setDefaultTimeout(timeoutMs);
  return made;
}

/** Opens the page as a new visitor, and resolves once it is connected. */
export async function openPage(browser: Browser, url: string, { context }: Screen): Promise<Page> {
  const page = await (await visitor(browser, context)).newPage();
  await page.goto(url);
  await page.locator("#state[data-state=connected]").waitFor();
  return page;
}
