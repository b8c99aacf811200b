import type { Browser, BrowserContextOptions, Page } from "playwright-core";

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

/** Opens the page as a new visitor, and resolves once it is connected. */
export async function visit(browser: Browser, url: string, { context }: Screen): Promise<Page> {
  const visitor = await browser.newContext({ locale: "en-GB", ...context });
  const page = await visitor.newPage();
  await page.goto(url);
  await page.locator("#state[data-state=connected]").waitFor();
  return page;
}
