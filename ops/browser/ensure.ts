import { ensureChromium } from "./install";

/** Run before the tests. Without a browser they say so and leave out what needs one: it is no reason to run none. */
const report = (line: string) => process.stderr.write(`${line}\n`);
ensureChromium(report).catch((error: unknown) => {
  report(`the page is not tested in a browser: ${error instanceof Error ? error.message : String(error)}`);
});
