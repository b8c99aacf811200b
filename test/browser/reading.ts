import type { Page } from "playwright-core";

/** The errors in the browser's console, and what the page's policy refused. Filled as they come. */
export function consoleErrorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}

/** Resolves when the page has moved at least once. */
export async function moved(page: Page): Promise<void> {
  await page.locator("#moves:not([data-zero=true])").waitFor();
}

/** The page's counters, by name. */
export async function figures(page: Page): Promise<Record<string, number>> {
  const names = ["received", "lost", "duplicated", "moves", "cuts"];
  const values = await Promise.all(names.map((name) => page.locator(`#${name}`).innerText()));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}
