import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ensureChromium } from "../browser/install";
import { launchChromium } from "../browser/launch";
import { ensureRedis } from "../redis/install";
import { buildApplication } from "../start/prepare";
import { screens, openPage } from "./screens";
import { startPageStack } from "./page-stack";

const images = join(__dirname, "../../docs/images");

/** Small enough for a README. */
const size = { width: 1120, height: 640 };

/** Takes the README's pictures of the page: two people chat while every pod is replaced, twice. */
async function main(): Promise<void> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  await ensureRedis(log);
  const chromium = await ensureChromium(log);
  await buildApplication();
  log("starting the stack, and replacing its pods twice");
  const { stack, url } = await startPageStack({ name: "pictures", replicas: 3 });
  const browser = await launchChromium(chromium);
  try {
    const desktops = screens
      .filter(({ context }) => context.isMobile !== true)
      .map(({ name, context }) => ({ name, context: { ...context, viewport: size } }));
    const pages = await Promise.all(desktops.map((screen) => openPage(browser, url, screen)));
    const [mara, jon] = pages;
    if (mara === undefined || jon === undefined) throw new Error("there are fewer than two screens");
    const write = async (page: typeof mara, text: string) => {
      await page.locator("#text").fill(text);
      await page.keyboard.press("Enter");
    };
    await mara.locator("#name").fill("Mara");
    await jon.locator("#name").fill("Jon");
    await write(mara, "Is the deploy through?");
    await write(jon, "Not yet. I would have noticed.");
    await jon.locator("#beat").check();
    for (const answer of ["It is. Three new pods.", "And three more."]) {
      await stack.restartDeployments();
      await stack.rolledOut();
      await stack.settled();
      await write(mara, answer);
    }
    await write(jon, "Since when?");
    for (const page of pages) await page.getByText("Since when?").waitFor();
    await mkdir(images, { recursive: true });
    for (const [index, { name }] of desktops.entries()) {
      const path = join(images, `page-${name.replace("desktop-", "")}.png`);
      await pages[index]?.screenshot({ path });
      log(path);
    }
  } finally {
    await browser.close();
    await stack.stop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
