import type { Browser, Page } from "playwright-core";
import { findChromium } from "../../ops/browser/install";
import { launchChromium } from "../../ops/browser/launch";
import { screens, visit } from "../../ops/pictures/scene";
import { raiseStage, type Stage } from "../../ops/pictures/stage";
import { buildApplication } from "../../ops/start/prepare";

const chromium = findChromium();
if (chromium === undefined) {
  console.warn(
    "left out: there is no Chromium or Chrome on the PATH; `npx tsx ops/browser/ensure.ts` installs one",
  );
}

(chromium === undefined ? describe.skip : describe)(
  "the page, in a browser, through a rolling restart",
  () => {
    let browser: Browser;
    let stage: Stage;
    beforeAll(async () => {
      await buildApplication();
      [browser, stage] = await Promise.all([
        launchChromium(chromium ?? ""),
        raiseStage({ name: "page-test", replicas: 2 }),
      ]);
    });
    afterAll(async () => {
      await browser.close();
      await stage.stack.stop({ force: true });
    });

    it("loses nothing, and says on which pod it is", async () => {
      const { stack, url } = stage;
      const before = (await stack.pods()).map(({ name }) => name);
      const pages = await Promise.all(screens.map((screen) => visit(browser, url, screen)));
      const [speaker] = pages as [Page, ...Page[]];
      await speaker.getByRole("switch", { name: "Steady beat" }).check();

      await stack.restartDeployments();
      await Promise.all([stack.rolledOut(), ...pages.map((page) => moved(page))]);
      await stack.settled();
      await speaker.getByRole("textbox", { name: "Message" }).fill("the last word");
      await speaker.getByRole("button", { name: "Send" }).click();
      for (const page of pages) await page.getByText("the last word").waitFor();

      const after = (await stack.pods()).filter(({ ready }) => ready).map(({ name }) => name);
      expect(after.filter((name) => before.includes(name))).toEqual([]);
      for (const page of pages) {
        expect(after).toContain(await page.locator("#pod-name").innerText());
        expect(await figures(page)).toMatchObject({ lost: 0, duplicated: 0, cuts: 0 });
      }
    });
  },
);

/** Resolves when the page has moved at least once. */
async function moved(page: Page): Promise<void> {
  await page.locator("#moves:not([data-zero=true])").waitFor();
}

async function figures(page: Page): Promise<Record<string, number>> {
  const names = ["received", "lost", "duplicated", "moves", "cuts"];
  const values = await Promise.all(names.map((name) => page.locator(`#${name}`).innerText()));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}
