import { chromium, type Browser } from "playwright-core";

/** Nothing leaves the machine but what a page asks for. As root, in a container, there is no sandbox to be had. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts the Chromium at this path without a window, with an empty profile of its own. End it with `close()`.
 *
 * @param more flags
 */
export function launchChromium(executablePath: string, ...more: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: [...flags, ...more] });
}
