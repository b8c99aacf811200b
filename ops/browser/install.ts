import { ensureProgram, findProgram, type SystemProgram } from "../packages/install";

/** Ubuntu's package only points to a snap. Its CI runners have Chrome, which comes first. */
const chromium: SystemProgram = {
  names: ["chromium", "google-chrome-stable", "google-chrome", "chromium-browser"],
  debianPackage: "chromium",
  requirement: "Chromium or Chrome",
};

/** The path of a Chromium; undefined if there is none. */
export function findChromium(): string | undefined {
  return findProgram(chromium);
}

/** The path of a Chromium; see {@link ensureProgram}. */
export function ensureChromium(report: (line: string) => void): Promise<string> {
  return ensureProgram(chromium, report);
}
