import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrometheus } from "../../../ops/prometheus/binaries";
import { updateCommand } from "../../../ops/prometheus/install";

describe("updateCommand", () => {
  it.each([
    ["root needs no sudo", { uid: 0, sudo: false }, "apt-get update"],
    ["a user with sudo uses it", { uid: 1000, sudo: true }, "sudo -n apt-get update"],
  ])("%s", (_title, machine, command) => {
    expect(updateCommand(machine).join(" ")).toBe(command);
  });

  it("says what to do where there is neither", () => {
    expect(() => updateCommand({ uid: 1000, sudo: false })).toThrow("sudo apt-get update");
  });
});

describe("findPrometheus", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-path-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("wants both programs", () => {
    writeFileSync(join(directory, "prometheus"), "", { mode: 0o755 });
    expect(findPrometheus(directory)).toBeUndefined();
    writeFileSync(join(directory, "promtool"), "", { mode: 0o755 });
    expect(findPrometheus(directory)).toEqual({
      prometheus: join(directory, "prometheus"),
      promtool: join(directory, "promtool"),
    });
  });
});
