import { ensureChromium } from "./install";

/** Runs before the tests. Without a browser they print why and skip what needs one; the other tests still run. */
const report = (line: string) => process.stderr.write(`${line}\n`);
ensureChromium(report).catch((error: unknown) => {
  report(`the page is not tested in a browser: ${error instanceof Error ? error.message : String(error)}`);
});
