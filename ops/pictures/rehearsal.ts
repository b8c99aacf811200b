import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureChromium } from "../browser/install";
import { launchChromium } from "../browser/launch";

const images = join(__dirname, "../../docs/images");

/** Takes the README's pictures of a rehearsal's report, light and dark: `node --import tsx ops/pictures/rehearsal.ts REPORT.html`. */
async function main(): Promise<void> {
  const [report] = process.argv.slice(2);
  if (report === undefined) throw new Error("pass the path of a page that `npm run rehearse` wrote");
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const browser = await launchChromium(await ensureChromium(log));
  try {
    await mkdir(images, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1120, height: 1010 } });
      await page.goto(pathToFileURL(resolve(report)).href);
      const path = join(images, `rehearsal-${colorScheme}.png`);
      await page.screenshot({ path });
      log(path);
    }
  } finally {
    await browser.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
