import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findCli, MissingCliError, npmPackage, oldestVersion, run } from "../../ops/up/cli";

/** A folder that is the whole PATH, with these commands: name to shell script. */
let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "holdfast-up-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function commands(scripts: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return { PATH: folder };
}

/** Errors are also printed as they happen, which would clutter the test's own output. */
let shown: string;
beforeEach(() => {
  shown = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    shown += String(text);
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

describe("findCli", () => {
  test("takes the CLI on the PATH", async () => {
    const env = commands({ pulumi: `echo v${oldestVersion}`, npx: "exit 1" });
    expect(await findCli(env)).toEqual({ command: "pulumi", args: [] });
  });

  test("uses npm's if the PATH has none", async () => {
    const env = commands({ npx: `[ "$*" = "--yes ${npmPackage} version" ] && echo v99.0.0` });
    expect(await findCli(env)).toEqual({ command: "npx", args: ["--yes", npmPackage] });
  });

  test("lists for each what was wrong, and what to do", async () => {
    const env = commands({ npx: "echo Downloading >&2; echo pulumi: fetch failed >&2; exit 1" });
    const failure = findCli(env);
    await expect(failure).rejects.toThrow(MissingCliError);
    await expect(failure).rejects.toThrow(
      `found no Pulumi CLI:\n  pulumi: not on the PATH\n  npx --yes ${npmPackage}: pulumi: fetch failed\n` +
        "Install it (https://www.pulumi.com/docs/install/) and run this again.",
    );
    expect(shown).toContain("Downloading");
  });

  test("does not accept another program with the same name", async () => {
    const env = commands({ pulumi: "echo something else", npx: "exit 1" });
    await expect(findCli(env)).rejects.toThrow("pulumi: it prints no version");
  });

  test("refuses one that is older than the SDK", async () => {
    const env = commands({ pulumi: "echo v3.99.0" });
    await expect(findCli(env)).rejects.toThrow(
      `pulumi is the Pulumi CLI 3.99.0, but the program requires ${oldestVersion} or newer`,
    );
  });
});

describe("run", () => {
  test("passes arguments and the exit code", async () => {
    const env = commands({ pulumi: `echo "$@" > ${folder}/seen; exit 7` });
    expect(await run({ command: "pulumi", args: ["--one"] }, ["up", "--stack", "local"], env)).toBe(7);
    expect(readFileSync(path.join(folder, "seen"), "utf8")).toBe("--one up --stack local\n");
  });

  test("is a failure when a signal ends the CLI", async () => {
    const env = commands({ pulumi: "kill -KILL $$" });
    expect(await run({ command: "pulumi", args: [] }, [], env)).toBe(1);
  });
});
