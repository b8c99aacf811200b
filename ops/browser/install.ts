import { ensureProgram, findProgram, type SystemProgram } from "../packages/install";

/** On Ubuntu the package only points to a snap; its runners have Chrome, which is taken first. */
const chromium: SystemProgram = {
  names: ["chromium", "google-chrome-stable", "google-chrome", "chromium-browser"],
  debianPackage: "chromium",
  requirement: "Chromium or Chrome",
};

/** The path of a Chromium, or undefined. */
export function findChromium(): string | undefined {
  return findProgram(chromium);
}

/** The path of a Chromium; see {@link ensureProgram}. */
export function ensureChromium(report: (line: string) => void): Promise<string> {
  return ensureProgram(chromium, report);
}
