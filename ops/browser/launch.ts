import { chromium, type Browser } from "playwright-core";

/** Chromium sends only the requests of its pages. Running as root in a container, it cannot use its sandbox. */
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
 * Starts the Chromium at this path without a window, with its own empty profile. End it with `close()`.
 *
 * @param more additional flags
 */
export function launchChromium(executablePath: string, ...more: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: [...flags, ...more] });
}
