import { ensureChromium } from "./install";

/** Run before the tests. Without a browser they say so and leave out what needs one: it is no reason to run none. */
const say = (line: string) => process.stderr.write(`${line}\n`);
ensureChromium(say).catch((error: unknown) => {
  say(`the page is not tested in a browser: ${error instanceof Error ? error.message : String(error)}`);
});
